/** The calls of the handset: one that rings or goes on lies over the texts, the past ones are a list. */

import { length, pretty, time } from "./format.js";

const number = document.body.dataset.number;
const screen = document.getElementById("screen");
const call = document.getElementById("call");
const words = document.getElementById("words");
const keypad = document.getElementById("keypad");
const past = document.getElementById("past");
const pastCalls = document.getElementById("past-calls");
const openPast = document.getElementById("open-past");
const done = document.getElementById("done");
const TAKEN_BY = { machine: "Voicemail has taken the call", fax: "A fax machine has taken the call" };
const ENDED = { completed: "Answered", busy: "Busy", "no-answer": "Missed", canceled: "Missed", failed: "Failed" };

let shown = null; // the call on the screen
let listed = ""; // what the list of past calls was drawn from
let waiting = null;

const isLive = (each) => each.can_answer || each.status === "in-progress";

function stateOf(each) {
  if (each.can_answer) return "ringing";
  return each.status === "in-progress" ? "talking" : "over";
}

function sentence(each) {
  const state = stateOf(each);
  if (state === "ringing") return "Incoming call";
  if (state === "over") return `Call ended · ${length(each.seconds)}`;
  if (each.picked_up_by !== "person") return TAKEN_BY[each.picked_up_by];
  const talked = length((Date.now() - new Date(each.answered_at)) / 1000);
  return each.wants_key ? `Press a key · ${talked}` : `On the phone · ${talked}`;
}

/** Digits that were spoken one by one stand out, like a code in a text. */
function fill(line, text) {
  line.replaceChildren(
    ...text.split(/((?<!\S)\d(?: \d){3,}(?!\S))/).map((piece, at) => {
      if (at % 2 === 0) return piece;
      const code = document.createElement("span");
      code.className = "code";
      code.textContent = piece;
      return code;
    }),
  );
}

function drawLines(place, lines) {
  while (place.childElementCount > lines.length) place.lastElementChild.remove();
  lines.forEach((said, at) => {
    const line = place.children[at] ?? place.appendChild(document.createElement("p"));
    const kind = said.who === "you" ? "line mine" : "line";
    if (line.className !== kind) line.className = kind;
    if (line.dataset.words === said.words) return;
    line.dataset.words = said.words;
    fill(line, said.words);
  });
}

/** Focus moves only within the phone: somebody may be typing in the ticket beside it. */
const focus = (target) => { if (document.hasFocus()) target.focus(); };

const part = (name) => call.querySelector(`[data-do="${name}"]`);

function cover() {
  const covered = !call.hidden || !past.hidden;
  for (const each of screen.children) {
    if (each !== call && each !== past) each.inert = covered;
  }
  past.inert = !call.hidden;
}

function close() {
  shown = null;
  if (call.hidden) return;
  call.hidden = true;
  cover();
  focus(past.hidden ? document.getElementById("text") : document.getElementById("close-past"));
}

function show(each) {
  const state = stateOf(each);
  const changed = call.hidden || shown?.sid !== each.sid || call.dataset.state !== state;
  const atTheEnd = words.scrollHeight - words.scrollTop - words.clientHeight < 40;
  shown = each;
  call.hidden = false;
  call.dataset.state = state;
  call.classList.toggle("wanting", each.wants_key && each.picked_up_by === "person");
  document.getElementById("call-title").textContent = pretty(each.from);
  const told = document.getElementById("call-state");
  if (told.textContent !== sentence(each)) told.textContent = sentence(each);
  const inPerson = state === "talking" && each.picked_up_by === "person";
  words.hidden = state === "ringing";
  keypad.hidden = part("hang_up").hidden = !inPerson;
  part("answer").hidden = part("decline").hidden = state !== "ringing";
  done.hidden = state !== "over";
  drawLines(words, each.transcript);
  if (changed || atTheEnd) words.scrollTop = words.scrollHeight;
  if (!changed) return;
  cover();
  focus({ ringing: part("answer"), talking: call, over: done }[state]);
}

function pastCall(each) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const outcome = document.createElement("strong");
  const stamp = document.createElement("time");
  const said = document.createElement("div");
  const taken = { machine: "Voicemail", fax: "Fax" }[each.picked_up_by];
  outcome.textContent = each.status === "completed" && taken ? taken : ENDED[each.status];
  stamp.dateTime = each.started_at;
  stamp.textContent = time(each.started_at);
  summary.append(outcome, ...(each.seconds ? [length(each.seconds)] : []), stamp);
  said.className = "said";
  drawLines(said, each.transcript);
  if (each.transcript.length === 0) {
    const nothing = document.createElement("em");
    nothing.textContent = "Nothing was said.";
    said.append(nothing);
  }
  details.classList.toggle("missed", !each.answered_at);
  details.dataset.sid = each.sid;
  details.append(summary, said);
  item.append(details);
  return item;
}

function list(calls) {
  const over = calls.filter((each) => each.status in ENDED);
  openPast.hidden = over.length === 0;
  const key = over.map((each) => each.sid).join();
  if (key === listed) return;
  listed = key;
  const open = new Set([...pastCalls.querySelectorAll("details[open]")].map((each) => each.dataset.sid));
  pastCalls.replaceChildren(...over.map(pastCall));
  for (const each of pastCalls.querySelectorAll("details")) each.open = open.has(each.dataset.sid);
  if (over.length === 0 && !past.hidden) turnBack();
}

function turnBack() {
  past.hidden = true;
  cover();
  focus(openPast.hidden ? document.getElementById("text") : openPast);
}

async function poll() {
  try {
    const answer = await fetch(`/phone/calls.json?to=${encodeURIComponent(number)}`, { cache: "no-store" });
    const { calls } = await answer.json();
    list(calls);
    const talking = calls.find((each) => each.status === "in-progress");
    const live = talking ?? calls.find(isLive);
    const last = calls.find((each) => each.sid === shown?.sid);
    if (live) show(live);
    else if (last?.answered_at) show(last);
    else close();
  } catch {
    // The emulator is being restarted; the next poll tells.
  }
}

/** One poll at a time; what a button did is seen at once. */
async function again() {
  clearTimeout(waiting);
  await poll();
  clearTimeout(waiting);
  waiting = setTimeout(again, shown && stateOf(shown) !== "over" ? 250 : 1000);
}

async function act(wanted) {
  if (!shown) return;
  await fetch(`/phone/calls/${shown.sid}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wanted),
  }).catch(() => {});
  await again();
}

function press(key) {
  const button = keypad.querySelector(`[data-key="${key}"]`);
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 160);
  act({ do: "key", key });
}

for (const button of call.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => act({ do: button.dataset.do }));
}
for (const button of keypad.children) button.addEventListener("click", () => press(button.dataset.key));
done.addEventListener("click", close);
openPast.addEventListener("click", () => {
  past.hidden = false;
  cover();
  focus(document.getElementById("close-past"));
});
document.getElementById("close-past").addEventListener("click", turnBack);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!call.hidden && !keypad.hidden && /^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    press(event.key);
  } else if (event.key === "Escape" && call.hidden && !past.hidden) {
    turnBack();
  }
});

again();
