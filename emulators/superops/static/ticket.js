// The ticket's screen keeps itself fresh: fields, conversation and notes.

const POLL_MS = 1200;
const KINDS = {
  DESCRIPTION: "Description",
  REQ_REPLY: "Reply from the requester",
  TECH_REPLY: "Reply",
  PRIVATE: "Private note",
  PUBLIC: "Public note",
};
const at = (id) => document.getElementById(id);
const address = `/superops/ticket/${document.body.dataset.ticket}.json`;
let revision = null;
let known = null;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// Times come in UTC without saying so.
const timeText = (stamp) => {
  const moment = new Date(`${stamp}Z`);
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? clock : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`;
};

const entryOf = (entry) => {
  const item = make("li", `entry ${entry.kind.toLowerCase()}${known && !known.has(entry.id) ? " fresh" : ""}`);
  item.dataset.entry = entry.id;
  const line = make("header");
  const time = make("time", "", timeText(entry.at));
  time.dateTime = `${entry.at}Z`;
  line.append(make("b", "", entry.author || "Unknown"), make("span", "kind", KINDS[entry.kind] || "Notification"), time);
  const text = make("div", "text");
  text.innerHTML = entry.html; // made safe by the server
  item.append(line, text);
  return item;
};

const show = (data) => {
  at("status").textContent = data.ticket.status;
  at("subject").textContent = data.ticket.subject;
  for (const cell of document.querySelectorAll("dd[data-ticket]")) {
    const value = data.ticket[cell.dataset.ticket];
    cell.textContent = (value && typeof value === "object" ? value.name : value) || "–";
  }
  for (const cell of document.querySelectorAll("dd[data-requester]")) {
    cell.textContent = data.requester[cell.dataset.requester] || "–";
  }
  at("entries").replaceChildren(...data.entries.map(entryOf));
  known = new Set(data.entries.map((entry) => entry.id));
};

const poll = async () => {
  try {
    const response = await fetch(address, { cache: "no-store" });
    if (!response.ok) throw new Error(`The emulator answered ${response.status}.`);
    const data = await response.json();
    at("message").hidden = true;
    if (data.revision !== revision) show(data);
    revision = data.revision;
  } catch {
    at("message").textContent = "The emulator does not answer. This screen tries again by itself.";
    at("message").hidden = false;
  }
  setTimeout(poll, POLL_MS);
};
poll();
