// The ticket page: fields, an edit form that saves all it shows, notes that keep themselves fresh, and the insights.

const POLL_MS = 1200;
const settings = JSON.parse(document.getElementById("settings").textContent);
const at = (id) => document.getElementById(id);
let ticketId = settings.id;
let latest = null;
let editing = false;
let noteKind = "All";
let knownNotes = null;
let shownInsights = "";

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const dark = () => (settings.dark ? settings.dark === "1" : matchMedia("(prefers-color-scheme: dark)").matches);

const timeText = (stamp) => {
  if (!stamp) return "–";
  const moment = new Date(stamp);
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? clock : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`;
};

const say = (text, kind = "plain") => {
  at("message").textContent = text;
  at("message").dataset.kind = kind;
  at("message").hidden = !text;
};

const showFields = (ticket) => {
  for (const element of document.querySelectorAll("[data-field]")) {
    const value = ticket[element.dataset.field];
    element.textContent = value || "–";
    element.title = value || "";
  }
  for (const element of document.querySelectorAll("[data-time]")) element.textContent = timeText(ticket[element.dataset.time]);
  document.querySelector(".description").hidden = !ticket.description;
  document.title = `${ticket.number} - ${ticket.title}`;
  if (window.parent !== window && !settings.embed) {
    window.parent.postMessage({ ticket: ticket.id, title: document.title }, location.origin);
  }
};

const showNotes = (notes) => {
  const fresh = (note) => knownNotes !== null && !knownNotes.has(note.id);
  const items = notes.filter((note) => noteKind === "All" || note.kind === noteKind).map((note) => {
    const item = make("li", fresh(note) ? "note fresh" : "note");
    item.dataset.note = note.id;
    const line = make("div", "line");
    const author = note.by ? `${note.author} (through ${note.by})` : note.author || "System";
    line.append(make("b", "", author), make("span", `kind ${note.kind.toLowerCase()}`, note.publish), make("span", "kind minor", note.type));
    const time = make("time", "", timeText(note.at));
    time.dateTime = note.at;
    line.append(time);
    item.append(line);
    if (note.title) item.append(make("p", "title", note.title));
    item.append(make("p", "", note.text));
    return item;
  });
  at("notes").replaceChildren(...(items.length ? items : [make("li", "none", noteKind === "All" ? "No notes." : "No notes of this kind.")]));
  for (const tab of document.querySelectorAll("[data-kind][role=tab]")) {
    const count = notes.filter((note) => tab.dataset.kind === "All" || note.kind === tab.dataset.kind).length;
    tab.querySelector(".count").textContent = count || "";
    tab.setAttribute("aria-selected", String(tab.dataset.kind === noteKind));
  }
  knownNotes = new Set(notes.map((note) => note.id));
};

// The real page gives its elements new ids on every load.
const randomId = () => `i${crypto.randomUUID().slice(0, 8)}`;

const insightPanel = (row) => {
  const shell = make("section", "InsightShell");
  shell.id = randomId();
  const title = make("div", "Title");
  title.append(make("h2", "Text", row.title));
  const container = make("div", "ContentContainer");
  const content = make("div", "Content");
  const frame = make("iframe");
  frame.title = row.title;
  if (row.sandbox) frame.setAttribute("sandbox", row.sandbox);
  const [, height] = settings.panel.split("x");
  frame.style.height = `${height || row.height}px`;
  frame.src = row.url;
  content.append(frame);
  container.append(content);
  shell.append(title, container);
  const outer = make("div", "InsightContainer");
  outer.append(shell);
  return outer;
};

// A frame is made anew only for another ticket or another set-up row: the address itself differs on every look.
const showInsights = (rows) => {
  const key = JSON.stringify([ticketId, rows.map(({ url, ...row }) => row)]);
  at("no-insights").hidden = rows.length > 0;
  if (key === shownInsights) return;
  shownInsights = key;
  at("insights").replaceChildren(...rows.map(insightPanel));
};

const query = (more) => {
  const wanted = new URLSearchParams({ agent: settings.agent, ...more });
  return wanted.toString();
};

const showLiveLinks = (links) => {
  const rows = links.map((link) => {
    const item = make("li");
    const anchor = make("a", "", link.name);
    anchor.href = `/autotask/livelink/${ticketId}?${query({ link: link.id })}`;
    anchor.target = "_blank";
    anchor.rel = "noopener";
    item.append(anchor);
    return item;
  });
  at("livelinks").hidden = rows.length === 0;
  at("livelinks").querySelector("ul").replaceChildren(...rows);
};

const show = (data) => {
  latest = data;
  showFields(data.ticket);
  showNotes(data.notes);
  showInsights(data.insights);
  showLiveLinks(data.livelinks);
};

const load = async () => {
  const wanted = ticketId;
  const response = await fetch(`/autotask/ticket/${wanted}.json?${query({ dark: dark() ? "1" : "0" })}`, { cache: "no-store" });
  if (!response.ok) throw new Error(`The emulator answered ${response.status}.`);
  const data = await response.json();
  if (wanted === ticketId && (!latest || latest.revision !== data.revision || latest.ticket.id !== wanted)) show(data);
};

const setEditing = (value) => {
  editing = value;
  for (const element of document.querySelectorAll(".viewing")) element.hidden = value;
  for (const element of document.querySelectorAll(".editing")) element.hidden = !value;
  for (const id of ["refresh", "previous", "next"]) at(id).disabled = value;
};

// The form keeps what it was opened with, whatever an integration changes meanwhile: saving writes all of it back.
const edit = () => {
  at("title").value = latest.ticket.title;
  at("status").value = latest.ticket.status;
  at("priority").value = latest.ticket.priority;
  setEditing(true);
  at("title").focus();
  say("");
};

const refresh = async () => {
  latest = null;
  await load();
};

const save = async () => {
  at("save").disabled = true;
  try {
    const body = { agent: settings.agent, title: at("title").value, status: Number(at("status").value), priority: Number(at("priority").value) };
    const response = await fetch(`/autotask/ticket/${ticketId}/save`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) return say(answer.errors.join(" "), "bad");
    setEditing(false);
    await refresh();
    say(`Saved ${timeText(Date.now())}`, "good");
  } catch {
    say("The emulator did not answer, so nothing was saved.", "bad");
  } finally {
    at("save").disabled = false;
  }
};

const switchTo = async (id) => {
  ticketId = id;
  knownNotes = null;
  say("");
  if (settings.embed) history.replaceState(null, "", `/autotask/ticket/${id}${location.search}`);
  await refresh();
};

at("edit").onclick = () => latest && edit();
at("save").onclick = save;
at("cancel").onclick = () => setEditing(false);
at("refresh").onclick = refresh;
at("previous").onclick = () => latest && switchTo(latest.previous);
at("next").onclick = () => latest && switchTo(latest.next);
for (const tab of document.querySelectorAll("[data-kind][role=tab]")) {
  tab.onclick = () => {
    noteKind = tab.dataset.kind;
    if (latest) showNotes(latest.notes);
  };
}
for (const button of document.querySelectorAll("[data-side]")) {
  button.onclick = () => {
    document.body.dataset.side = button.dataset.side;
    for (const other of document.querySelectorAll("[data-side]")) {
      if (other !== document.body) other.setAttribute("aria-pressed", String(other === button));
    }
  };
}
document.body.dataset.side = "insights";
if (settings.panel) document.body.dataset.panel = settings.panel;
if (at("agent")) {
  at("agent").onchange = (event) => {
    const wanted = new URLSearchParams(location.search);
    wanted.set("agent", event.target.value);
    location.search = wanted.toString();
  };
}

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
