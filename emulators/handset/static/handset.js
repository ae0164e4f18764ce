/** One phone: which app is in front, what is new in the others, and whose phone it is when something comes elsewhere. */

import { Pushes } from "./pushes.js";
import { showTexts } from "./texts.js";

const POLL_MS = 1200;
const { phone, mail } = document.body.dataset;
const follows = "follow" in document.body.dataset;
const tabs = [...document.querySelectorAll("[role=tab]")];
const names = tabs.map((tab) => tab.dataset.app);
const textsFrame = document.getElementById("messages-frame");
const mailFrame = document.getElementById("mail-frame");
const panels = { duo: new Pushes("duo", poll), authenticator: new Pushes("authenticator", poll) };
const kept = `phone ${phone}`;
let front = "";
let apps = null; // what the last poll told of each app
let newest = null; // the last thing that came to anybody, app by app
let seen = JSON.parse(sessionStorage.getItem(kept) ?? "{}");

const remember = () => sessionStorage.setItem(kept, JSON.stringify(seen));

function show(app) {
  front = app;
  seen.front = app;
  for (const tab of tabs) {
    const chosen = tab.dataset.app === app;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(tab.dataset.app).hidden = !chosen;
  }
  if (app === "mail" && mailFrame && !mailFrame.src) openMail("");
  count();
}

function openMail(message) {
  const page = message ? `/mailbox/messages/${encodeURIComponent(message)}` : "/mailbox";
  mailFrame.src = `${page}?to=${encodeURIComponent(mail)}&embed=1`;
}

/** Only what is in front has been seen. A request that waits counts until it is answered. */
function count() {
  if (!apps) return;
  for (const tab of tabs) {
    const app = tab.dataset.app;
    const { items, waiting } = apps[app];
    if (app === front || !(app in seen)) seen[app] = items[0] ?? "";
    const since = items.indexOf(seen[app]);
    const fresh = app in panels ? waiting : since < 0 ? items.length : since;
    const badge = tab.querySelector(".badge");
    const name = tab.querySelector(".name").textContent;
    badge.hidden = app === front || fresh === 0;
    if (badge.textContent !== String(fresh)) badge.textContent = String(fresh);
    tab.setAttribute("aria-label", badge.hidden ? name : `${name}, ${fresh} new`);
  }
  remember();
}

/** The element that has the focus, also inside the apps' own pages. */
function focused(page) {
  const inside = page.activeElement;
  return inside?.tagName === "IFRAME" && inside.contentDocument ? focused(inside.contentDocument) : inside;
}

function isTyping() {
  const element = document.hasFocus() ? focused(document) : null;
  return Boolean(element?.matches("input, textarea") && element.value);
}

/** What came since the last look comes to the front; of several, what asks for an answer now. */
function bringToFront(before) {
  const came = names.filter((app) => apps[app].items[0] && apps[app].items[0] !== before[app].items[0]);
  const asking = came.filter((app) => apps[app].waiting > before[app].waiting);
  const app = asking[0] ?? came[0];
  if (!app || isTyping()) return;
  if (came.includes("mail") && mailFrame && !(front === "mail" && isReadingMail())) openMail(apps.mail.items[0]);
  if (app !== front) show(app);
}

const isReadingMail = () => mailFrame.contentWindow.location.pathname.startsWith("/mailbox/messages/");

/** Something that came to somebody else would go unseen: the one who looks on picks up that phone. */
function turnTo(now) {
  const before = newest;
  if (before && follows && isTyping()) return;
  newest = now;
  if (!before || !follows) return;
  for (const [app, { item, phone: other }] of Object.entries(now)) {
    if (!item || item === before[app].item || apps[app].items.includes(item) || !other || other === phone) continue;
    location.replace(`/handset?${other}&app=${app}&embed=1&follow=1`);
    return;
  }
}

async function poll() {
  try {
    const answer = await fetch(`/handset/news.json?${phone}`, { cache: "no-store" });
    if (!answer.ok) return;
    const told = await answer.json();
    const before = apps;
    apps = told.apps;
    if (textsFrame) showTexts(textsFrame, apps.messages.number);
    for (const [app, panel] of Object.entries(panels)) panel.draw(apps[app]);
    if (before) bringToFront(before);
    else start();
    turnTo(told.newest);
    count();
  } catch {
    // The emulator is being restarted; the next poll tells.
  }
  document.getElementById("clock").textContent =
    new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

function start() {
  const asking = names.find((app) => apps[app].waiting > 0);
  const app = document.body.dataset.app || asking || seen.front || names[0];
  if (document.body.dataset.app === "mail" && mailFrame && apps.mail.items[0]) openMail(apps.mail.items[0]);
  show(app);
}

for (const tab of tabs) {
  tab.addEventListener("click", () => show(tab.dataset.app));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = step ? (tabs.indexOf(tab) + step + tabs.length) % tabs.length : { Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(tabs[to].dataset.app);
    tabs[to].focus();
  });
}

(async function again() {
  if (!document.hidden || !apps) await poll();
  setTimeout(again, POLL_MS);
})();
