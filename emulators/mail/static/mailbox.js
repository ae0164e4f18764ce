"use strict";

(() => {
  const rows = document.getElementById("rows");
  const clock = document.getElementById("clock");

  const time = (moment) => new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

  function localise(root) {
    for (const stamp of root.querySelectorAll("time[datetime]")) stamp.textContent = time(stamp.dateTime);
  }

  const idsIn = (root) => [...root.querySelectorAll("[data-id]")].map((row) => row.dataset.id);

  async function poll() {
    const { version, total } = rows.querySelector("[data-version]").dataset;
    const address = new URL(rows.dataset.url, location.href);
    address.searchParams.set("have", version);
    const answer = await fetch(address, { cache: "no-store" });
    if (answer.status !== 200) return;
    const known = new Set(idsIn(rows));
    const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    rows.innerHTML = await answer.text();
    localise(rows);
    for (const row of rows.querySelectorAll("[data-id]")) row.classList.toggle("arriving", !known.has(row.dataset.id));
    if (focused) [...rows.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    if (Number(rows.querySelector("[data-version]").dataset.total) > Number(total)) {
      document.getElementById("news").textContent = `New mail at ${time(Date.now())}`;
    }
  }

  localise(document);
  (async function again() {
    if (clock) clock.textContent = time(Date.now());
    try {
      if (rows && !document.hidden) await poll();
    } catch {
      // The emulator is being restarted; the next poll tells.
    }
    setTimeout(again, 1000);
  })();
})();
