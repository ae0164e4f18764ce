"use strict";

(() => {
  const LOOK_MS = 2000;
  const INBOUND = "/_emulator/twilio/inbound";
  const psa = document.getElementById("psa");
  const phone = document.getElementById("phone");
  const which = document.getElementById("which");
  const ticket = document.getElementById("ticket");
  const shows = document.getElementById("shows");
  const sentence = document.getElementById("state");
  const groups = [...document.querySelectorAll(".group select")];
  const switches = groups.flatMap((group) => [...group.options].filter((option) => option.value));
  const controls = [...new Set(switches.map((each) => each.dataset.url))].filter((url) => url !== INBOUND);
  const healthy = sentence.textContent;
  let place = psaPlace(); // where the PSA's frame was when we last looked
  let left = ""; // where it was before
  let going = false; // the frame is on its way to where we have sent it
  let choices = 0; // so many choices were begun or carried out: what was seen before the last one is out of date

  /** Whose phone is on the desk: its own page says so, as it may have turned to another person's. */
  const held = () => phone.contentDocument?.body?.dataset ?? {};
  const spoken = (text) => text.replaceAll("$number", held().number ?? "").replaceAll("$upn", (held().upn ?? "").toLowerCase());
  const on = (each) => JSON.parse(spoken(each.dataset.on));
  const off = (each) => JSON.parse(spoken(each.dataset.off));

  /** A fault that holds for so many requests is on for as long as any are left; one of a person, if it names them. */
  function holds(current, wanted) {
    if (wanted !== null && typeof wanted === "object") {
      return Object.entries(wanted).every(([name, value]) => holds(current?.[name], value));
    }
    if (typeof current === "object") return current?.requests > 0;
    return current === wanted;
  }

  async function get(url) {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return answer.json();
  }

  async function post(url, values) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(values) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  }

  /** Mend all of a group, then break what was chosen; the faults of one control change together. */
  async function choose(group, before) {
    const wanted = group.selectedOptions[0];
    const faults = new Map();
    for (const each of [...group.options].filter((option) => option.value)) {
      if (each.dataset.url !== INBOUND) faults.set(each.dataset.url, Object.assign(faults.get(each.dataset.url) ?? {}, off(each)));
      else if (each.value === before) await post(INBOUND, off(each));
    }
    if (wanted.dataset.url === INBOUND) await post(INBOUND, on(wanted));
    else if (wanted.value) Object.assign(faults.get(wanted.dataset.url), on(wanted));
    for (const [url, values] of faults) await post(url, values);
  }

  async function look() {
    const seenAt = choices;
    const number = held().number ?? "";
    const [messages, ...states] = await Promise.all([
      number ? get(`/phone/messages.json?to=${encodeURIComponent(number)}`) : { opted_out: false },
      ...controls.map(get),
    ]);
    if (seenAt !== choices) return;
    const isOn = (each) => {
      if (each.dataset.about && !held()[each.dataset.about]) return false;
      if (each.dataset.url === INBOUND) return messages.opted_out;
      const current = states[controls.indexOf(each.dataset.url)];
      return Object.entries(on(each)).every(([name, value]) => holds(current[name]?.value, value));
    };
    for (const each of switches) each.disabled = Boolean(each.dataset.about) && !held()[each.dataset.about];
    for (const group of groups) {
      const broken = [...group.options].find((option) => option.value && isOn(option))?.value ?? "";
      if (group.value !== broken) group.value = broken;
      group.dataset.was = broken;
      group.classList.toggle("broken", broken !== "");
    }
    const broken = groups.map((group) => group.selectedOptions[0]).filter((option) => option.value);
    const words = broken.map((option) => option.dataset.sentence).join(" ") || healthy;
    if (words !== sentence.textContent) sentence.textContent = words;
    sentence.classList.toggle("broken", broken.length > 0);
  }

  function pickUp(contact) {
    if (!contact) return;
    const query = `contact=${contact}`;
    if (held().phone !== query) phone.contentWindow.location.replace(`/handset?${query}&embed=1&follow=1`);
  }

  function tell() {
    shows.textContent = ticket.selectedOptions[0]?.dataset.shows ?? "";
  }

  function psaPlace() {
    return psa.contentWindow?.location.pathname ?? "";
  }

  /** The address of the desk says what is on it, so that it can be shared and survives a reload. */
  function address() {
    history.replaceState(null, "", `/?${new URLSearchParams({ psa: which.value, ticket: ticket.value })}`);
    tell();
  }

  function offer({ id, label, contact, shows }) {
    const option = new Option(label, id);
    option.dataset.contact = contact ?? "";
    option.dataset.shows = shows;
    return option;
  }

  function open() {
    place = `/${which.value}/ticket/${ticket.value}`;
    left = psaPlace();
    going = true;
    psa.src = `${place}?${which.selectedOptions[0].dataset.query}`;
    pickUp(ticket.selectedOptions[0].dataset.contact);
    address();
  }

  /** Somebody who leafs through the PSA's own tickets finds the phone of the ticket that they come to. */
  async function followPsa() {
    const now = psaPlace();
    const [, kind, id] = new RegExp(`^/${which.value}/([a-z]+)/(\\d+)$`).exec(now) ?? [];
    if (going || now === place || !id) return;
    place = now;
    const answer = await fetch(`/desk/seen${now}.json`, { cache: "no-store" });
    if (!answer.ok || psaPlace() !== now) return;
    const { label, contact } = await answer.json();
    if (kind === "ticket" && ticket.value !== id) {
      if (![...ticket.options].some((option) => option.value === id)) ticket.add(offer({ id, label, contact, shows: "" }));
      ticket.value = id;
      address();
    }
    pickUp(contact);
  }

  psa.addEventListener("load", () => {
    // The page before may be done only now, when another ticket is chosen already.
    if (psaPlace() !== left || left === place) going = false;
    followPsa().catch(() => {});
  });
  ticket.addEventListener("change", open);

  /** The same caller in another PSA; what is broken in the one that is left stays broken, and stays told. */
  which.addEventListener("change", () => {
    const caller = ticket.selectedOptions[0]?.dataset.contact;
    ticket.replaceChildren(...JSON.parse(which.selectedOptions[0].dataset.tickets).map(offer));
    const same = [...ticket.options].find((option) => option.dataset.contact === caller);
    if (same) ticket.value = same.value;
    for (const group of document.querySelectorAll(".group[data-psa]")) group.hidden = group.dataset.psa !== which.value;
    open();
  });

  for (const group of groups) {
    group.addEventListener("change", async () => {
      choices += 1;
      try {
        await choose(group, group.dataset.was ?? "");
      } catch (reason) {
        sentence.textContent = `The switch did not work: ${reason.message}.`;
        return;
      } finally {
        choices += 1;
      }
      await look().catch(() => {});
    });
  }

  (async function again() {
    if (!document.hidden) await Promise.all([look(), followPsa()]).catch(() => {});
    setTimeout(again, LOOK_MS);
  })();
})();
