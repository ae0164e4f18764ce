// A record's screen: fields, notes that keep themselves fresh, save and switch, and the pods beside them.

import { PodHost } from "./hosted.js";

const POLL_MS = 1200;
const LONGEST_TRAFFIC = 200;
const settings = JSON.parse(document.getElementById("settings").textContent);
const at = (id) => document.getElementById(id);
let recordId = settings.id;
let latest = null;
let dirty = false;
let noteKind = "All";
let knownNotes = null;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const address = (kind, id) => {
  const query = new URLSearchParams(location.search);
  return `/connectwise/${kind}/${id}${query.size ? `?${query}` : ""}`;
};

const timeText = (stamp) => {
  const moment = new Date(stamp);
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

const valueOf = (record, path) => path.split(".").reduce((value, step) => (value ? value[step] : undefined), record);

const showFields = (record) => {
  for (const element of document.querySelectorAll("[data-field]")) {
    const value = valueOf(record, element.dataset.field);
    const target = element.dataset.link && record[element.dataset.link];
    if (target) {
      const link = make("a", "", value);
      link.href = address(element.dataset.link === "defaultContact" ? "contact" : element.dataset.link, target.id);
      element.replaceChildren(link);
    } else {
      element.textContent = value ?? "–";
    }
    element.title = value ?? "";
  }
  if (at("name")) at("name").textContent = record.name || `${record.firstName} ${record.lastName || ""}`;
  if (at("communications")) showCommunications(record.communicationItems || []);
};

const showCommunications = (items) => {
  const rows = items.flatMap((item) => [
    make("dt", "", item.type.name),
    make("dd", "digits", item.extension ? `${item.value} ext. ${item.extension}` : item.value),
  ]);
  at("communications").replaceChildren(...(rows.length ? rows : [make("dt", "", "No phone or e-mail")]));
};

const showTicketInputs = (data) => {
  if (!at("status") || dirty) return;
  at("summary").value = data.record.summary;
  const options = data.statuses.map((status) => new Option(status.name, status.id));
  at("status").replaceChildren(...options);
  at("status").value = data.record.status.id;
};

const showNotes = (notes) => {
  const fresh = (note) => knownNotes !== null && !knownNotes.has(note.id);
  const shown = notes.filter((note) => noteKind === "All" || note.kinds.includes(noteKind));
  const items = shown.map((note) => {
    const item = make("li", fresh(note) ? "note fresh" : "note");
    item.dataset.note = note.id;
    const line = make("div", "line");
    line.append(make("b", "", note.author), ...note.kinds.map((kind) => make("span", `kind ${kind.toLowerCase()}`, kind)));
    const time = make("time", "", timeText(note.at));
    time.dateTime = note.at;
    line.append(time);
    item.append(line, make("p", "", note.text));
    return item;
  });
  at("notes").replaceChildren(...(items.length ? items : [make("li", "none", noteKind === "All" ? "No notes." : "No notes of this kind.")]));
  for (const tab of document.querySelectorAll("[data-kind][role=tab]")) {
    const count = notes.filter((note) => tab.dataset.kind === "All" || note.kinds.includes(tab.dataset.kind)).length;
    tab.querySelector(".count").textContent = count || "";
    tab.setAttribute("aria-selected", String(tab.dataset.kind === noteKind));
  }
  knownNotes = new Set(notes.map((note) => note.id));
};

const showRelated = (related) => {
  if (!related) return;
  const rows = (kind, list, text) => list.map((entry) => {
    const item = make("li");
    const link = make("a", "", text(entry));
    link.href = address(kind, entry.id);
    item.append(link, make("span", "", entry.title || ""));
    return item;
  });
  const people = rows("contact", related.contacts, (entry) => entry.name);
  const tickets = rows("ticket", related.tickets, (entry) => `#${entry.id} ${entry.summary}`);
  at("people").replaceChildren(...(people.length ? people : [make("li", "none", "Nobody.")]));
  at("open-tickets").replaceChildren(...(tickets.length ? tickets : [make("li", "none", "None.")]));
};

const show = (data) => {
  latest = data;
  showFields(data.record);
  showTicketInputs(data);
  showNotes(data.notes);
  showRelated(data.related);
  at("no-pods").hidden = data.pods.length > 0;
  host.show(data.pods);
};

const load = async () => {
  const wanted = recordId;
  const response = await fetch(`/connectwise/${settings.kind}/${wanted}.json`, { cache: "no-store" });
  if (!response.ok) throw new Error(`The emulator answered ${response.status}.`);
  const data = await response.json();
  if (wanted === recordId && (!latest || latest.revision !== data.revision || latest.record.id !== wanted)) show(data);
};

const traffic = (direction, text) => {
  const list = at("traffic");
  if (!list) return;
  const line = make("li", direction === "dropped" || direction === "not sent" ? "bad" : "");
  line.append(make("b", "", direction), make("code", "", text));
  list.append(line);
  while (list.children.length > LONGEST_TRAFFIC) list.firstElementChild.remove();
};

const refresh = async () => {
  setDirty(false);
  latest = null;
  await load();
  host.loaded();
};

const askBefore = (text, action) => {
  if (!dirty) return action();
  const leave = make("button", "", "Discard changes");
  const stay = make("button", "", "Keep editing");
  leave.onclick = () => (say(""), action());
  stay.onclick = () => say("");
  return say(text, "question", [leave, stay]);
};

const switchTo = (id) => askBefore("This ticket has unsaved changes.", async () => {
  recordId = id;
  knownNotes = null;
  say("");
  history.replaceState(null, "", address(settings.kind, id));
  await refresh();
});

const save = async () => {
  at("save").disabled = true;
  say("Saving…");
  try {
    const refusals = await host.beforeSave();
    if (refusals.length) return say(refusals.join(" "), "bad");
    const body = { member: settings.member, summary: at("summary").value, status: Number(at("status").value) };
    const response = await fetch(`/connectwise/ticket/${recordId}/save`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) return say(answer.errors.join(" "), "bad");
    await refresh();
    say(`Saved ${timeText(Date.now())}`, "good");
  } catch {
    say("The emulator did not answer, so nothing was saved.", "bad");
  } finally {
    at("save").disabled = false;
  }
};

const host = new PodHost({
  container: at("pods"),
  control: settings.control,
  getScreenObject: settings.getScreenObject,
  traffic,
  screen: () => ({ screen: settings.kind, id: recordId }),
  actions: {
    memberAuthentication: async () => {
      const query = new URLSearchParams({ member: settings.member, control: settings.control });
      return (await fetch(`/connectwise/member-authentication.json?${query}`, { cache: "no-store" })).json();
    },
    refreshScreen: () => askBefore("A pod wants to refresh this screen, which has unsaved changes.", refresh),
    setDirty,
    openScreen: (args) => {
      if (!["ticket", "company"].includes(args.screen) || !Number.isInteger(args.id)) return;
      if (args.newTab) window.open(address(args.screen, args.id), "_blank", "noopener");
      else askBefore("This screen has unsaved changes.", () => location.assign(address(args.screen, args.id)));
    },
  },
});

const reloadWith = (name, value) => {
  const query = new URLSearchParams(location.search);
  if (value) query.set(name, value);
  else query.delete(name);
  location.search = query.toString();
};

at("member").onchange = (event) => reloadWith("member", event.target.value);
if (at("control")) at("control").onchange = (event) => reloadWith("control", event.target.value);
at("refresh").onclick = () => askBefore("This ticket has unsaved changes.", refresh);
at("previous").onclick = () => latest && switchTo(latest.previous);
at("next").onclick = () => latest && switchTo(latest.next);
if (at("save")) {
  at("save").onclick = save;
  at("summary").oninput = () => setDirty(true);
  at("status").onchange = () => setDirty(true);
}
for (const tab of document.querySelectorAll("[data-kind][role=tab]")) {
  tab.onclick = () => {
    noteKind = tab.dataset.kind;
    if (latest) showNotes(latest.notes);
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
