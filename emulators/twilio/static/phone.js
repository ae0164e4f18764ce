import { pretty, time } from "./format.js";
import "./call.js";

(() => {
  const number = document.body.dataset.number;
  const list = document.getElementById("messages");
  const scroll = document.getElementById("scroll");
  const thread = document.getElementById("thread");
  const shown = new Set();
  let first = true;
  let texts = [];
  let conversation = "";

  function bubble(text) {
    const item = document.createElement("li");
    item.className = "message" + (text.outgoing ? " outgoing" : "") + (first ? "" : " arriving");
    item.dataset.sid = text.sid;
    const body = document.createElement("p");
    for (const piece of text.body.split(/(\b\d{4,8}\b)/)) {
      if (!text.outgoing && /^\d{4,8}$/.test(piece)) {
        const code = document.createElement("span");
        code.className = "code";
        code.textContent = piece;
        body.append(code);
      } else {
        body.append(piece);
      }
    }
    const stamp = document.createElement("time");
    stamp.dateTime = text.at;
    stamp.textContent = time(text.at);
    item.append(body, stamp);
    return item;
  }

  function draw() {
    let grew = false;
    for (const text of texts.filter((each) => each.with === conversation)) {
      if (shown.has(text.id)) continue;
      shown.add(text.id);
      list.append(bubble(text));
      grew = true;
    }
    document.getElementById("empty").hidden = list.childElementCount > 0;
    if (grew) scroll.scrollTop = scroll.scrollHeight;
  }

  function open(other) {
    conversation = other;
    shown.clear();
    list.replaceChildren();
    document.getElementById("other").textContent = other ? pretty(other) : "Messages";
    thread.value = other;
  }

  function offer(others) {
    const known = [...thread.options].map((option) => option.value);
    if (others.join() === known.join()) return;
    thread.replaceChildren(...others.map((other) => new Option(pretty(other), other)));
    thread.value = conversation;
    document.getElementById("switcher").hidden = others.length < 2;
  }

  async function poll() {
    try {
      const answer = await fetch(`/phone/messages.json?to=${encodeURIComponent(number)}`, { cache: "no-store" });
      const state = await answer.json();
      const newest = state.messages.at(-1);
      if (newest?.id !== texts.at(-1)?.id) {
        texts = state.messages;
        const other = newest ? newest.with : "";
        if (other !== conversation) open(other);
        if (texts.length === 0) open("");
      }
      offer([...new Set(texts.map((each) => each.with))]);
      // Before the texts are drawn: the line takes height from them, and the newest must stay in view.
      document.getElementById("opted-out").hidden = !state.opted_out;
      draw();
      first = false;
    } catch {
      // The emulator is being restarted; the next poll tells.
    }
    document.getElementById("clock").textContent = time(Date.now());
  }

  async function send(body) {
    await fetch("/_emulator/twilio/inbound", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ from: number, body, ...(conversation && { to: conversation }) }),
    });
    await poll();
  }

  document.getElementById("reply").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("text");
    const body = field.value.trim();
    if (!body) return;
    field.value = "";
    send(body).catch(() => { field.value = body; });
  });
  thread.addEventListener("change", () => { open(thread.value); first = true; draw(); first = false; });
  for (const own of document.querySelectorAll("[data-phone]")) own.textContent = pretty(own.dataset.phone);

  (async function again() {
    if (!document.hidden || first) await poll();
    setTimeout(again, 1000);
  })();
})();
