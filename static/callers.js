// The searches for tickets and contacts: what came of one is said aloud, what did not come is said at all.
"use strict";

(() => {
  const form = document.getElementById("search");
  if (!form) return;
  const place = document.getElementById("page-problem");
  const announce = document.getElementById("announce");

  const problem = (sentence) => {
    const line = document.createElement("p");
    line.className = "problem trouble";
    const again = document.createElement("button");
    again.className = "button";
    again.setAttribute("form", form.id);
    again.textContent = "Try again";
    line.append(`${sentence} `, again);
    place.replaceChildren(line);
  };

  document.body.addEventListener("htmx:beforeRequest", () => place.replaceChildren());

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "found") return;
    announce.textContent = event.detail.target.querySelector("[data-said]:not([role])")?.dataset.said ?? "";
  });

  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(failure, () => problem("podserver did not answer. What you typed is still here."));
  }

  // A page of some proxy in between, not an answer of ours.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400 || xhr.getResponseHeader("HX-Retarget")) return;
    event.preventDefault();
    problem("podserver did not take this. What you typed is still here.");
  });

  // Not every PSA can be searched by phone number.
  const psa = document.getElementById("in");
  const phone = document.getElementById("phone");
  const hint = document.getElementById("phone-hint");
  psa?.addEventListener("change", () => {
    if (!phone) return;
    const lacking = psa.selectedOptions[0].dataset.noNumbers;
    phone.disabled = lacking !== undefined;
    hint.textContent = phone.disabled ? `${lacking} cannot be searched by phone number.` : hint.dataset.hint;
  });
})();
