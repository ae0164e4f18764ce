"use strict";

(() => {
  const INBOUND = "/_emulator/twilio/inbound";
  const psa = document.getElementById("psa");
  const phone = document.getElementById("phone");
  const ticket = document.getElementById("ticket");
  const sentence = document.getElementById("state");
  const groups = [...document.querySelectorAll(".group")].map((group) => [...group.querySelectorAll("button")]);
  const buttons = groups.flat();
  const healthy = sentence.textContent;
  let handset = document.body.dataset.handset;
  let newest = null;

  const on = (button) => JSON.parse(button.dataset.on);
  const off = (button) => JSON.parse(button.dataset.off);
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";

  // A limit on requests is an object that counts down; it is on for as long as any are left.
  const same = (current, wanted) => (typeof current === "object" ? current?.requests > 0 : current === wanted);

  async function get(url) {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return answer.json();
  }

  async function post(url, values) {
    const body = JSON.stringify(values).replaceAll("$handset", handset);
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  }

  async function press(button) {
    const group = groups.find((each) => each.includes(button));
    const wasOn = pressed(button);
    const faults = {};
    let url = null;
    for (const each of group) {
      if (each.dataset.url === INBOUND) {
        if (pressed(each)) await post(INBOUND, off(each));
      } else {
        url = each.dataset.url;
        Object.assign(faults, off(each));
      }
    }
    if (!wasOn && button.dataset.url !== INBOUND) Object.assign(faults, on(button));
    if (url) await post(url, faults);
    if (!wasOn && button.dataset.url === INBOUND) await post(INBOUND, on(button));
    await look();
  }

  async function look() {
    const [messages, ...states] = await Promise.all([
      get(`/phone/messages.json?to=${encodeURIComponent(handset)}`),
      get("/_emulator/connectwise/faults"),
      get("/_emulator/twilio/faults"),
    ]);
    const [connectwise, twilio] = states;
    for (const button of buttons) {
      const current = button.dataset.url.includes("connectwise") ? connectwise : twilio;
      const isOn = button.dataset.url === INBOUND
        ? messages.opted_out
        : Object.entries(on(button)).every(([name, value]) => same(current[name]?.value, value));
      if (isOn !== pressed(button)) button.setAttribute("aria-pressed", String(isOn));
    }
    const broken = buttons.filter(pressed).map((button) => button.title);
    const words = broken.length ? broken.join(" ") : healthy;
    if (words !== sentence.textContent) sentence.textContent = words;
    sentence.classList.toggle("broken", broken.length > 0);
    follow(messages.handsets);
  }

  // A text to somebody else's phone would go unseen: the desk picks up the phone that rang last.
  function follow(handsets) {
    const last = handsets.reduce((best, each) => (each.last > best.last ? each : best), { last: 0 });
    if (newest !== null && last.last > newest && last.number !== handset) pickUp(last.number);
    newest = last.last;
  }

  function pickUp(number) {
    handset = number;
    phone.src = `/phone/${number}?embed=1`;
  }

  ticket.addEventListener("change", () => {
    psa.src = `/connectwise/ticket/${ticket.value}?embed=1`;
    pickUp(ticket.selectedOptions[0].dataset.handset);
    history.replaceState(null, "", `/?ticket=${ticket.value}`);
  });

  for (const button of buttons) {
    button.addEventListener("click", () => {
      press(button).catch((reason) => { sentence.textContent = `The switch did not work: ${reason.message}.`; });
    });
  }

  (async function again() {
    await look().catch(() => {});
    setTimeout(again, 1500);
  })();
})();
