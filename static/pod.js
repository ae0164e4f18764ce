// The pod in the PSA's frame: sign-in, the token in memory, clocks, polling.
// Everything else is HTML from the server, placed by htmx.
"use strict";

(() => {
  const page = document.body.dataset;
  const byId = (id) => document.getElementById(id);
  const framed = window.parent !== window;
  // The portal's own page: whoever is signed in there is let in.
  const ours = "csrf" in page;
  // Whether the PSA's page can say who sits there.
  const vouches = framed && "vouches" in page;
  const psas = page.psa.split(" ");
  const above = window.location.ancestorOrigins?.[0] ?? "";
  const isOne = (origin) => origin === above || (origin.includes("//*.") && above.endsWith(origin.split("*")[1]));
  const psa = psas.some(isOne) ? above : psas[0];
  const PSA_PATIENCE_MS = 5000;
  const POLL_PENDING_MS = 2000;
  const POLL_QUIET_MS = 10000;
  const RENEW_MS = 4 * 60 * 1000;
  const UNANSWERED =
    "podserver did not answer. It is not known whether this was done; look at the row, then try again.";
  const OFFLINE = "podserver cannot be reached. Check the connection, then try again.";

  const record = { id: page.record, screen: page.screen };
  let frameId = null;
  let token = "";
  // Whom the PSA's page says to sit there: asked for, or in the frame's address.
  let member = page.member ?? "";
  let contactGeneration = 0;
  let askedAt = 0;
  let patience = 0;

  // --- The parent window: JSON strings, exactly one origin, every event acknowledged -------------------------

  const tellPsa = (message) => {
    const full = frameId === null ? message : { ...message, frameID: frameId };
    window.parent.postMessage(JSON.stringify(full), psa);
  };

  window.addEventListener("message", (event) => {
    if (!vouches || event.source !== window.parent || event.origin !== psa || typeof event.data !== "string") return;
    let said;
    try {
      said = JSON.parse(event.data);
    } catch {
      return;
    }
    if (said === null || typeof said !== "object") return;
    if (typeof said.MessageFrameID === "string") {
      const first = frameId === null;
      frameId = said.MessageFrameID;
      if (first) askWhoIsThere();
    } else if (typeof said.event === "string") {
      // An event without an answer keeps the PSA's screen from saving.
      tellPsa({ event: said.event, _id: said._id, result: "success" });
      if (said.event === "onLoad") recordShown(said.data && said.data.screenObject);
    } else if (said.response === "getmemberauthentication" && said.data) {
      signInAsMember(said.data);
    }
  });

  // The PSA can change the record without loading the frame anew; the id in the URL is then stale.
  const recordShown = (shown) => {
    if (!shown || shown.id === undefined || shown.id === null) return;
    const id = String(shown.id);
    if (id === record.id) return;
    record.id = id;
    if (shown.screen) record.screen = String(shown.screen);
    leave();
    askWhoIsThere();
  };

  // Nothing of the session before stays on the page, and an answer that is still under way finds nobody.
  const waiting = byId("caller").firstElementChild.cloneNode(true);
  const leave = () => {
    token = "";
    member = page.member ?? "";
    contactGeneration += 1;
    otherWindow?.stop();
    byId("me").hidden = true;
    byId("caller").replaceChildren(waiting.cloneNode(true));
    byId("caller").hidden = false;
    byId("history").hidden = true;
    byId("sign-in").hidden = true;
    showProblem("");
  };

  const askWhoIsThere = () => {
    askedAt = Date.now();
    byId("connecting").hidden = false;
    window.clearTimeout(patience);
    if (page.proof) return signInAsMember({ memberid: page.member, memberHash: page.proof });
    if (!vouches) return resume("");
    patience = window.setTimeout(() => {
      if (!token) resume(`${page.name} did not answer the pod. Reload the ticket, or sign in here.`);
    }, PSA_PATIENCE_MS);
    if (frameId === null) tellPsa({ message: "ready" });
    else tellPsa({ hosted_request: "getMemberAuthentication" });
  };

  // --- Signing in --------------------------------------------------------------------------------------------

  const post = async (door, fields) => {
    const known = { id: record.id, screen: record.screen, parent: psa, memberid: member, csrf_token: page.csrf ?? "" };
    const headers = { Accept: "application/json" };
    const body = new URLSearchParams({ ...fields, ...known });
    const answer = await fetch(`${page.door}/${door}`, { method: "POST", body, headers, redirect: "error" });
    return answer.json();
  };

  const signInAsMember = async (shown) => {
    const forRecord = record.id;
    window.clearTimeout(patience);
    member = String(shown.memberid ?? "");
    try {
      const said = await post("session", {
        memberHash: String(shown.memberHash ?? ""),
        memberContext: String(shown.memberContext ?? ""),
      });
      if (forRecord !== record.id) return;
      if (said.named) {
        byId("named").textContent = said.named;
        byId("email").value ||= said.email;
      }
      if (said.token || !said.password) signedIn(said);
      else resume(said.problem);
    } catch {
      offerPassword(OFFLINE);
    }
  };

  // What the browser keeps of the working day's sign-in, after whatever the PSA says of who sits there.
  const resume = async (problem) => {
    const [forRecord, forMember] = [record.id, member];
    token = "";
    let said = {};
    try {
      said = await post("resume");
    } catch {
      problem ||= OFFLINE;
    }
    if (token || forRecord !== record.id || forMember !== member) return;
    if (said.token || said.password === false) signedIn(said);
    else offerPassword(said.problem || problem);
  };

  const signedIn = (said) => {
    window.clearTimeout(patience);
    byId("connecting").hidden = true;
    if (!said.token) {
      token = "";
      if (said.password) return offerPassword(said.problem);
      byId("caller").hidden = true;
      return showProblem(said.problem);
    }
    token = said.token;
    contactGeneration += 1;
    otherWindow?.stop();
    byId("me").hidden = !said.kept;
    byId("me").firstElementChild.textContent = said.name;
    const focus = !byId("sign-in").hidden;
    byId("sign-in").hidden = true;
    if (!ours) byId("password").value = "";
    byId("caller").hidden = false;
    showProblem("");
    loadCaller({ focus });
  };

  const offerPassword = (problem) => {
    window.clearTimeout(patience);
    byId("connecting").hidden = true;
    byId("caller").hidden = true;
    showProblem(problem);
    if (byId("ask-psa")) byId("ask-psa").hidden = !vouches && !ours;
    byId("sign-in").hidden = false;
    if (framed) offerWindow();
  };

  // A file of its own, as most pods never need it.
  let otherWindow = null;
  const offerWindow = async () => {
    try {
      const { signInWindow } = await import(page.window);
      otherWindow ??= signInWindow({ form: byId("sign-in"), post, signedIn });
      if (!byId("sign-in").hidden) otherWindow.offer();
    } catch {
      // There is the password.
    }
  };

  const showProblem = (problem) => {
    const place = byId("page-problem");
    place.replaceChildren();
    if (!problem) return;
    const line = document.createElement("p");
    line.className = "problem";
    line.textContent = problem;
    place.append(line);
  };

  byId("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    button.disabled = true;
    try {
      signedIn(await post("password", { email: byId("email").value, password: byId("password").value }));
      if (!token) byId("password").focus();
    } catch {
      showProblem(OFFLINE);
    } finally {
      button.disabled = false;
    }
  });

  byId("ask-psa")?.addEventListener("click", () => {
    byId("sign-in").hidden = true;
    showProblem("");
    askWhoIsThere();
  });

  byId("sign-out").addEventListener("click", async () => {
    leave();
    let problem = "";
    try {
      await post("sign-out");
    } catch {
      problem = "podserver cannot be reached, so this browser still keeps your sign-in. Reload, and sign out again.";
    }
    offerPassword(problem);
    byId("email").focus();
  });

  // `anew` asks the PSA even where its last answer is fresh; `focus` keeps the keyboard's place in the widget.
  let load = {};
  const loadCaller = (how = {}) => {
    load = how;
    byId("history").open = false;
    window.htmx.trigger("#caller", "pod-caller");
  };

  // --- htmx: the token as a header, the next token from the answer ---------------------------------------------

  const generations = new WeakMap();

  // What htmx has not taken up yet, the browser would send itself, with the code in the address.
  document.addEventListener("submit", (event) => event.target.matches("[hx-post]") && event.preventDefault(), true);

  document.body.addEventListener("htmx:configRequest", (event) => {
    const { elt, headers, parameters } = event.detail;
    headers["X-Pod-Token"] = token;
    if (elt.id === "poller") parameters.set("seen", whatIsSeen());
    if (elt.id === "caller" && load.anew) parameters.set("anew", "1");
  });

  document.body.addEventListener("htmx:beforeSend", (event) => {
    generations.set(event.detail.xhr, contactGeneration);
  });

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const asked = event.detail.elt;
    const idle = asked.id === "history" && !asked.open;
    if (!token || idle || asked.getAttribute("aria-disabled") === "true") event.preventDefault();
  });

  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, xhr, pathInfo } = event.detail;
    // An answer to a question about the contact before is not about this one.
    if (generations.get(xhr) !== contactGeneration) {
      event.preventDefault();
      return;
    }
    const next = xhr.getResponseHeader("X-Pod-Token");
    if (next) token = next;
    if (next && /^\/pod\/(contact|record)$/.test(pathInfo.requestPath)) contactGeneration += 1;
    if (xhr.status === 401) {
      event.preventDefault();
      signInAgain();
    } else if (xhr.status >= 400 && !xhr.getResponseHeader("HX-Retarget")) {
      // A page of some proxy in between.
      event.preventDefault();
      if (!behindTheScenes(elt)) showProblem(UNANSWERED);
    } else if (xhr.status >= 400 && behindTheScenes(elt) && byId("page-problem").innerHTML.trim() === xhr.response.trim()) {
      // Poll after poll has the same to say; whoever hears the page hears it once.
      event.preventDefault();
    } else if (xhr.status < 400 && !behindTheScenes(elt)) {
      showProblem("");
    }
  });

  const behindTheScenes = (elt) => ["poller", "lister", "renewer"].includes(elt.id);

  const signInAgain = () => {
    leave();
    // A session that is refused at once is not asked for in a circle.
    if ((frameId !== null || !vouches) && Date.now() - askedAt > 10000) askWhoIsThere();
    else offerPassword("Your sign-in has ended. Sign in again.");
  };

  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(failure, (event) => {
      if (!behindTheScenes(event.detail.elt)) showProblem(UNANSWERED);
    });
  }

  document.body.addEventListener("contact-chosen", () => loadCaller({ focus: true }));

  // --- Rows that came or went: the rest stays as it is, with whatever is being typed in it -------------------------

  let newRow = "";
  document.body.addEventListener("rows-changed", (event) => {
    newRow = event.detail.focus ?? "";
    window.htmx.trigger("#lister", "pod-list");
  });

  // Its own answer is under way.
  const isBusy = (row) => row.querySelector(".htmx-request");

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.elt.id !== "lister" || !byId("rows") || event.detail.xhr.status !== 200) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = event.detail.xhr.response;
    for (const id of ["lock", "nothing"]) {
      const [now, next] = [byId(id), fresh.content.getElementById(id)];
      if (now.dataset.version !== next.dataset.version) now.replaceWith(next);
    }
    const [rows, list] = [byId("rows"), fresh.content.getElementById("rows")];
    for (const row of [...rows.children]) if (!fresh.content.getElementById(row.id) && !isBusy(row)) row.remove();
    [...list.children].forEach((row, place) => {
      const now = byId(row.id);
      if (now && (now.dataset.version === row.dataset.version || isBusy(now))) return;
      if (row.id === newRow) row.setAttribute("data-focus", "");
      if (now) takeOver(now, row);
      if (now) now.replaceWith(row);
      else rows.insertBefore(row, rows.children[place] ?? null);
      window.htmx.process(row);
      unfold(row);
    });
    newRow = "";
    settled();
    // An alarm must not wait above the edge of what is seen.
    byId("lock").querySelector(".alarm")?.scrollIntoView({ block: "nearest" });
  });

  // What has something to say is not left behind a fold.
  const unfold = (row) => {
    const fold = row.closest("details");
    if (fold && !row.matches(".unverified")) fold.open = true;
  };

  // A row that changes under the technician's hands keeps the focus, and what is typed in it.
  const takeOver = (now, row) => {
    if (now.contains(document.activeElement)) row.setAttribute("data-focus", "");
    const [from, to] = [now, row].map((each) => each.querySelector(".code"));
    const asks = (field) => field?.form.getAttribute("hx-post");
    if (from && asks(from) === asks(to)) to.value = from.value;
  };

  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const row = fragment.firstElementChild;
    if (!target.matches(".row") || !row) return;
    // A look that began before the technician's own answer came has nothing new to say of it.
    if (row.dataset.version === target.dataset.version || isBusy(target)) event.detail.shouldSwap = false;
    else takeOver(target, row);
  });

  document.body.addEventListener("htmx:afterSettle", (event) => {
    const { elt } = event.detail;
    if (elt.id === "caller") {
      byId("history").hidden = byId("rows") === null;
      if (load.focus) (elt.querySelector("h2") ?? elt.querySelector("button"))?.focus({ preventScroll: true });
      load = {};
    }
    settled();
    if (!elt.matches?.(".row")) return;
    unfold(elt);
    if (byId("history").open) window.htmx.trigger("#history", "pod-history");
  });

  const settled = () => {
    // A row may have become pending, and then the next look is due sooner.
    schedulePoll();
    prepareClocks();
    localTimes();
    const wanted = document.querySelector("[data-focus]");
    if (wanted) {
      wanted.removeAttribute("data-focus");
      // Never a button: an Enter pressed twice would send the next SMS.
      (wanted.querySelector(".code") ?? wanted).focus({ preventScroll: true });
    }
  };

  document.body.addEventListener("click", (event) => {
    const clicked = event.target.closest("[data-reload], [data-close], .resend, [aria-disabled=true]");
    if (!clicked) return;
    if (clicked.dataset.reload === "caller") loadCaller({ anew: true, focus: true });
    if (clicked.dataset.reload === "record") askAgainForRecord();
    if (clicked.dataset.close) {
      byId(clicked.dataset.close).replaceChildren();
      document.querySelector(".who .link")?.focus();
    }
    // A link leads nowhere, and what has to wait opens no menu.
    if (clicked.matches(".resend, [aria-disabled=true]")) event.preventDefault();
  });

  const askAgainForRecord = () => {
    if (frameId !== null || !vouches) {
      leave();
      askWhoIsThere();
    } else {
      offerPassword("Sign in again to go back to the ticket's own contact.");
    }
  };

  // --- Polling: one fragment, and only what changed comes back --------------------------------------------------

  const whatIsSeen = () =>
    [...document.querySelectorAll(".row")]
      .map((row) => `${row.dataset.row}=${row.dataset.version}~${row.querySelector(".state").dataset.status}`)
      .concat(`lock=${byId("lock").dataset.version}`)
      .join(",");

  let pollTimer = 0;
  const schedulePoll = () => {
    window.clearTimeout(pollTimer);
    const pause = document.querySelector(".row.pending") ? POLL_PENDING_MS : POLL_QUIET_MS;
    pollTimer = window.setTimeout(() => {
      if (token && byId("rows") && !document.hidden) window.htmx.trigger("#poller", "pod-poll");
      schedulePoll();
    }, pause);
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && token && byId("rows")) window.htmx.trigger("#poller", "pod-poll");
  });

  window.setInterval(() => {
    if (token && !byId("rows") && !document.hidden) window.htmx.trigger("#renewer", "pod-renew");
  }, RENEW_MS);

  // --- Clocks: seconds from the server, counted down here -------------------------------------------------------

  const deadlines = new WeakMap();
  const asClock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  const prepareClocks = () => {
    for (const clock of document.querySelectorAll("[data-left]")) {
      if (!deadlines.has(clock)) deadlines.set(clock, performance.now() + Number(clock.dataset.left) * 1000);
    }
  };

  const shownAs = {
    clock: (left) => asClock(left),
    minutes: (left) => `${Math.max(1, Math.ceil(left / 60))} min`,
    resend: (left) => (left ? `Resend in ${asClock(left)}` : "Resend"),
  };

  const tick = () => {
    for (const clock of document.querySelectorAll("[data-left]")) {
      const deadline = deadlines.get(clock);
      if (deadline === undefined) continue;
      const left = Math.max(0, Math.ceil((deadline - performance.now()) / 1000));
      const said = shownAs[clock.dataset.as]?.(left);
      if (said) clock.textContent = said;
      if (left) continue;
      deadlines.delete(clock);
      clock.removeAttribute("data-left");
      clock.removeAttribute("aria-disabled");
      if (token && clock.dataset.as !== "wait") window.htmx.trigger("#poller", "pod-poll");
    }
  };
  window.setInterval(tick, 500);

  const shown = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const localTimes = () => {
    for (const time of document.querySelectorAll("time[data-local]")) {
      time.textContent = shown.format(new Date(time.dateTime));
      time.removeAttribute("data-local");
    }
  };

  // --- Menus and the reasons of shields: in the top layer, so that no end of the frame cuts them ------------------

  const GAP = 4;
  const EDGE = 8;
  const openerOf = (menu) => document.querySelector(`[popovertarget="${menu.id}"]`);
  const isOpen = (menu) => CSS.supports("selector(:popover-open)") && menu.matches(":popover-open");
  const menuOf = (opener) => byId(opener.getAttribute("popovertarget"));

  const place = (menu) => {
    const at = openerOf(menu).getBoundingClientRect();
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    if (at.bottom < 0 || at.top > height) return menu.hidePopover();
    const [above, below] = [at.top, height - at.bottom].map((room) => room - GAP - EDGE);
    const up = below < menu.scrollHeight && above > below;
    menu.style.maxHeight = `${up ? above : below}px`;
    const left = menu.matches(".menu") ? at.right - menu.offsetWidth : at.left;
    menu.style.left = `${Math.max(EDGE, Math.min(left, width - EDGE - menu.offsetWidth))}px`;
    menu.style.top = `${up ? at.top - GAP - menu.offsetHeight : at.bottom + GAP}px`;
    menu.classList.add("placed");
  };

  // The event does not bubble.
  document.addEventListener(
    "toggle",
    ({ target, newState }) => {
      if (!target.matches?.("[popover]")) return;
      if (newState === "open") place(target);
      else target.classList.remove("placed");
    },
    true,
  );

  const placed = () => document.querySelectorAll(".placed");
  const closeMenus = () => placed().forEach((menu) => menu.hidePopover());
  window.addEventListener("blur", closeMenus);
  document.body.addEventListener("submit", closeMenus);
  for (const moved of ["scroll", "resize"]) window.addEventListener(moved, () => placed().forEach(place));

  document.body.addEventListener("focusout", ({ target, relatedTarget }) => {
    const menu = target.closest("[popover]");
    if (menu && relatedTarget && !menu.contains(relatedTarget) && relatedTarget !== openerOf(menu)) menu.hidePopover();
  });

  const ARROWS = { ArrowDown: 1, ArrowUp: -1 };
  document.body.addEventListener("keydown", (event) => {
    const opener = event.target.closest(".more[popovertarget]:not([aria-disabled=true])");
    const menu = opener ? menuOf(opener) : event.target.closest(".menu");
    const step = ARROWS[event.key];
    if (!menu || !(step || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    if (opener && !isOpen(menu)) opener.click();
    const ways = [...menu.querySelectorAll("button")];
    const from = ways.indexOf(event.target);
    const next = event.key === "Home" ? 0 : event.key === "End" || (step < 0 && from < 0) ? -1 : from + step;
    ways.at(next % ways.length).focus();
  });

  // --- Go --------------------------------------------------------------------------------------------------------

  try {
    // htmx writes the page's address there, for a history that the pod does not have.
    window.sessionStorage.removeItem("htmx-current-path-for-history");
  } catch {
    // This frame has no storage, so nothing was written.
  }
  // A signature is good for ever, so it stays in no address.
  if (page.proof) window.history.replaceState(null, "", window.location.href.replace(/hmac=[^&]*/i, ""));
  if (framed || ours) askWhoIsThere();
  else resume(`This page belongs into ${page.ticket}. To look at it here, sign in.`);
})();
