// The ticket's screen: fields, notes that keep themselves fresh, save and switch.

const POLL_MS = 1200;
const settings = JSON.parse(document.getElementById("settings").textContent);
const at = (id) => document.getElementById(id);
let latest = null;
let dirty = false;
let knownNotes = null;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// BMS keeps HTML in its texts; only the words and the line breaks of it are shown here.
const words = (html) => new DOMParser().parseFromString(
  (html ?? "").replace(/<br\s*\/?>|<\/(p|div|li)>/gi, "$&\n"), "text/html").body.textContent.trim();

const timeText = (stamp) => {
  if (!stamp) return "–";
  const moment = new Date(/Z$|[+-]\d\d:\d\d$/.test(stamp) ? stamp : `${stamp}Z`);
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? clock : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`;
};

const say = (text, kind = "plain", buttons = []) => {
  const box = at("message");
  box.replaceChildren(make("span", "", text), ...buttons);
  box.dataset.kind = kind;
  box.hidden = !text;
};

const setDirty = (value) => {
  dirty = value;
  at("dirty").hidden = !value;
};

const showNotes = (notes) => {
  const fresh = (note) => knownNotes !== null && !knownNotes.has(note.id);
  const items = notes.map((note) => {
    const item = make("li", `note${note.isInternal ? " internal" : ""}${fresh(note) ? " fresh" : ""}`);
    item.dataset.note = note.id;
    const line = make("div", "line");
    line.append(make("b", "", note.createdByName ?? "–"), make("span", "kind", note.typeName),
      make("span", note.isInternal ? "chip lock" : "chip plain", note.isInternal ? "Internal" : "Public"));
    const time = make("time", "digits", timeText(note.createdOn));
    time.dateTime = note.createdOn;
    line.append(time);
    item.append(line, make("p", "", words(note.details)));
    return item;
  });
  at("notes").replaceChildren(...(items.length ? items : [make("li", "none", "No notes yet.")]));
  at("count").textContent = notes.length || "";
  knownNotes = new Set(notes.map((note) => note.id));
};

const show = (data) => {
  latest = data;
  const ticket = data.ticket;
  for (const element of document.querySelectorAll("[data-field]")) {
    const value = ticket[element.dataset.field];
    element.textContent = value ?? "–";
    element.title = value ?? "";
  }
  for (const element of document.querySelectorAll("[data-time]")) element.textContent = timeText(ticket[element.dataset.time]);
  at("details").textContent = words(ticket.details);
  const chip = at("status-chip");
  chip.style.backgroundColor = ticket.statusColor;
  chip.style.color = ticket.statusForeColor;
  document.title = `${ticket.ticketNumber} ${ticket.title}`;
  if (!dirty) {
    at("title").value = ticket.title;
    at("status").value = ticket.statusId;
  }
  at("save").disabled = ticket.isReadOnly;
  showNotes(data.notes);
};

const load = async () => {
  const response = await fetch(`/kaseya_bms/ticket/${settings.id}.json`, { cache: "no-store" });
  if (!response.ok) throw new Error(`The emulator answered ${response.status}.`);
  const data = await response.json();
  if (!latest || latest.revision !== data.revision) show(data);
};

const goTo = (id) => {
  const go = () => location.assign(`/kaseya_bms/ticket/${id}${location.search}`);
  if (!dirty) return go();
  const leave = make("button", "", "Discard changes");
  const stay = make("button", "", "Keep editing");
  leave.onclick = go;
  stay.onclick = () => say("");
  return say("This ticket has unsaved changes.", "question", [leave, stay]);
};

const save = async () => {
  at("save").disabled = true;
  say("Saving…");
  try {
    const response = await fetch(`/kaseya_bms/ticket/${settings.id}/save`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ agent: settings.agent, title: at("title").value, status: Number(at("status").value) }),
    });
    const answer = await response.json();
    if (!response.ok) return say(answer.errors.join(" "), "bad");
    setDirty(false);
    latest = null;
    await load();
    return say(`Saved ${timeText(new Date().toISOString())}`, "good");
  } catch {
    return say("The emulator did not answer, so nothing was saved.", "bad");
  } finally {
    at("save").disabled = Boolean(latest?.ticket.isReadOnly);
  }
};

at("agent").onchange = (event) => {
  const query = new URLSearchParams(location.search);
  query.set("agent", event.target.value);
  location.search = query.toString();
};
at("previous").onclick = () => latest && goTo(latest.previous);
at("next").onclick = () => latest && goTo(latest.next);
at("save").onclick = save;
at("title").oninput = () => setDirty(true);
at("status").onchange = () => setDirty(true);

const poll = async () => {
  try {
    await load();
    if (at("message").dataset.kind === "away") say("");
  } catch {
    say("The emulator does not answer. This screen tries again by itself.", "away");
  }
  setTimeout(poll, POLL_MS);
};
poll();
