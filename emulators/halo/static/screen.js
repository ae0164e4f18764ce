// A record's screen: details, actions that keep themselves fresh, save, and the custom tabs. A tab's page is loaded when
// the tab is opened and thrown away when it is left.

const POLL_MS = 1200;
const SANDBOX = "allow-scripts allow-forms allow-same-origin allow-popups";
const settings = JSON.parse(document.getElementById("settings").textContent);
const at = (id) => document.getElementById(id);
let latest = null;
let dirty = false;
let known = null;
let openTab = 0;
let wantedTab = settings.tab;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const address = (kind, id) => `/halo/${kind}/${id}${location.search}`;

const timeText = (stamp) => {
  const moment = new Date(/Z$/.test(stamp) ? stamp : `${stamp}Z`);
  const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? clock : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`;
};

const say = (text, kind = "plain") => {
  at("message").textContent = text;
  at("message").dataset.kind = kind;
  at("message").hidden = !text;
};

const setDirty = (value) => {
  dirty = value;
  at("dirty").hidden = !value;
};

const showFields = (record) => {
  for (const element of document.querySelectorAll("[data-field]")) {
    const value = record[element.dataset.field];
    element.textContent = value || "–";
    element.title = value || "";
  }
};

const showInputs = (data) => {
  if (!at("status") || dirty) return;
  at("summary").value = data.record.summary;
  at("status").replaceChildren(...data.statuses.map((status) => new Option(status.name, status.id)));
  at("status").value = data.record.status_id;
};

const showActions = (actions) => {
  const fresh = (action) => known !== null && !known.has(action.id);
  const items = actions.map((action) => {
    const item = make("li", `action${action.hiddenfromuser ? " private" : ""}${fresh(action) ? " fresh" : ""}`);
    item.dataset.action = action.id;
    const line = make("div", "line");
    line.append(make("b", "", action.who || "System"), make("span", "outcome", action.outcome));
    if (action.hiddenfromuser) line.append(make("span", "hide", "Hidden from user"));
    const time = make("time", "", timeText(action.datetime));
    time.dateTime = `${action.datetime}Z`;
    line.append(time);
    const text = make("div", "text");
    text.innerHTML = action.note_html; // cleaned when it was stored
    item.append(line, text);
    return item;
  });
  at("actions").replaceChildren(...(items.length ? items : [make("li", "none", "Nothing has been done yet.")]));
  document.querySelector("#tab-0 .count").textContent = actions.length || "";
  known = new Set(actions.map((action) => action.id));
};

const showLatest = (actions) => {
  const newest = actions && actions[0];
  at("latest").hidden = !openTab || !newest;
  if (at("latest").hidden) return at("latest").replaceChildren();
  const line = [make("span", "", `Last action ${timeText(newest.datetime)}`), make("span", "", newest.note)];
  at("latest").replaceChildren(...line);
};

const showTickets = (tickets) => {
  const rows = tickets.map((ticket) => {
    const link = make("a", "", `${String(ticket.id).padStart(7, "0")} ${ticket.summary}`);
    link.href = address("ticket", ticket.id);
    const item = make("li");
    item.append(link);
    return item;
  });
  at("tickets").replaceChildren(...(rows.length ? rows : [make("li", "none", "None.")]));
};

const showTabs = (tabs) => {
  const strip = document.querySelector(".tabs");
  const first = at("tab-0");
  const buttons = tabs.map((tab) => {
    const button = strip.querySelector(`[data-tab="${tab.id}"]`) || make("button", "", tab.name);
    button.textContent = tab.name;
    button.id = `tab-${tab.id}`;
    button.dataset.tab = tab.id;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "frame");
    button.onclick = () => open(tab.id);
    return button;
  });
  strip.replaceChildren(first, ...buttons);
  if (openTab && !tabs.some((tab) => tab.id === openTab)) open(0);
  else if (wantedTab && tabs.some((tab) => tab.id === wantedTab)) open(wantedTab);
  else markTabs();
};

const markTabs = () => {
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.setAttribute("aria-selected", String(Number(button.dataset.tab) === openTab));
  }
};

const open = (id) => {
  wantedTab = 0;
  openTab = id;
  const tab = latest && latest.tabs.find((entry) => entry.id === id);
  at("first").hidden = Boolean(tab);
  at("frame").hidden = !tab;
  if (tab) {
    const frame = make("iframe");
    frame.title = tab.name;
    if (settings.sandbox) frame.setAttribute("sandbox", SANDBOX);
    frame.setAttribute("src", tab.url);
    at("frame").replaceChildren(frame);
  } else {
    at("frame").replaceChildren();
  }
  markTabs();
  showLatest(latest && latest.actions);
};

const show = (data) => {
  latest = data;
  showFields(data.record);
  showInputs(data);
  if (data.actions) showActions(data.actions);
  if (data.tickets) showTickets(data.tickets);
  showTabs(data.tabs);
  showLatest(data.actions);
};

const load = async () => {
  const response = await fetch(`/halo/${settings.kind}/${settings.id}.json?agent=${settings.agent}`, { cache: "no-store" });
  if (!response.ok) throw new Error(`The emulator answered ${response.status}.`);
  const data = await response.json();
  if (!latest || latest.revision !== data.revision) show(data);
};

const save = async () => {
  at("save").disabled = true;
  try {
    const body = { summary: at("summary").value, status: Number(at("status").value) };
    const response = await fetch(`/halo/ticket/${settings.id}/save?agent=${settings.agent}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) return say(answer.error, "bad");
    setDirty(false);
    await load();
    say(`Saved ${timeText(new Date().toISOString())}`, "good");
  } catch {
    say("The emulator did not answer, so nothing was saved.", "bad");
  } finally {
    at("save").disabled = false;
  }
};

at("agent").onchange = (event) => {
  const query = new URLSearchParams(location.search);
  query.set("agent", event.target.value);
  if (openTab) query.set("tab", openTab);
  location.search = query.toString();
};
at("tab-0").onclick = () => open(0);
if (at("save")) {
  at("save").onclick = save;
  at("summary").oninput = () => setDirty(true);
  at("status").onchange = () => setDirty(true);
  at("previous").onclick = () => latest && location.assign(address("ticket", latest.previous));
  at("next").onclick = () => latest && location.assign(address("ticket", latest.next));
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
