/** The two apps that ask for approval: what is asked now, and how the earlier requests ended. */

const ENDS = {
  approve: "Approved", approved: "Approved", deny: "Denied", denied: "Denied", fraud: "Reported as fraud",
  timeout: "No answer", no_answer: "No answer",
};
const KIND = { approved: "approve", denied: "deny", timeout: "unanswered", no_answer: "unanswered" };
const SHAPES = {
  approve: "M5 12.5l4.5 4.5L19 7.5", deny: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  fraud: "M12 4l9 15.5H3zM12 10v4.5M12 17v.01", unanswered: "M12 4.5a7.5 7.5 0 1 0 .01 0M12 8v4.5l3 1.5",
};

const time = (moment) =>
  new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

function made(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function shape(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" })) {
    svg.setAttribute(name, value);
  }
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** How a push of each app is read: its id, what it is called, and what it shows. */
const APPS = {
  duo: {
    id: (push) => push.txid,
    title: (push) => `${push.type} request`,
    who: (push) => push.application,
    rows: (push) => push.pushinfo,
    url: (id) => `/_emulator/duo/pushes/${encodeURIComponent(id)}`,
  },
  authenticator: {
    id: (push) => push.session,
    title: () => "Approve sign-in?",
    who: (push) => push.tenant_name,
    rows: (push) => [["Account", push.upn]],
    url: (id) => `/_emulator/entra/pushes/${encodeURIComponent(id)}`,
  },
};

export class Pushes {
  /** `app` is duo or authenticator; `changed` is called once an answer was given. */
  constructor(app, changed) {
    this.app = APPS[app];
    this.changed = changed;
    this.panel = document.getElementById(app);
    this.asked = this.panel.querySelector(".asked");
    this.past = this.panel.querySelector(".past");
    this.told = this.panel.querySelector(".told");
    this.first = true;
    this.drawn = "";
  }

  draw({ account, remark, pushes }) {
    this.panel.querySelector(".account").textContent = account;
    const line = this.panel.querySelector(".remark");
    if (line.textContent !== remark) line.textContent = remark;
    line.hidden = !remark;
    this.drawAsked(pushes.filter((push) => push.state === "waiting"));
    this.drawPast(pushes.filter((push) => push.state !== "waiting"));
    this.panel.querySelector(".empty").hidden = pushes.length > 0;
    this.first = false;
  }

  /** A card stays as it is while it waits: somebody may be typing a code into it. */
  drawAsked(waiting) {
    const ids = waiting.map(this.app.id);
    for (const card of [...this.asked.children]) {
      if (!ids.includes(card.dataset.id)) this.takeAway(card);
    }
    for (const push of [...waiting].reverse()) {
      if (![...this.asked.children].some((card) => card.dataset.id === this.app.id(push))) {
        this.asked.prepend(this.card(push));
        this.told.textContent = "";
      }
    }
  }

  takeAway(card) {
    const focused = card.contains(document.activeElement);
    card.remove();
    if (focused) this.panel.querySelector(".scroll").focus();
  }

  card(push) {
    const id = this.app.id(push);
    const details = made("dl");
    for (const [name, value] of this.app.rows(push)) {
      details.append(made("dt", { textContent: name }), made("dd", { textContent: value }));
    }
    const card = made("form", { className: this.first ? "card" : "card arriving" });
    card.dataset.id = id;
    const title = made("h3", { id: `title-${id}`, textContent: this.app.title(push) });
    card.setAttribute("aria-labelledby", title.id);
    card.append(made("div", {}, title, made("p", { className: "who", textContent: this.app.who(push) })), details);
    if (push.needs_code) card.append(this.codeField());
    card.append(this.answers(Boolean(push.needs_code)));
    card.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(card, event.submitter?.value ?? "approve");
    });
    return card;
  }

  codeField() {
    const field = made("input", { name: "code", inputMode: "numeric", autocomplete: "off", maxLength: 8, required: true });
    return made("label", { className: "code-field" }, "Code from the help desk", field);
  }

  answers(verified) {
    const answers = made("div", { className: "answers" });
    // The first is what Enter presses in the code's field; it alone needs the code.
    for (const [verb, label] of [["approve", verified ? "Verify" : "Approve"], ["deny", "Deny"], ["fraud", "Report fraud"]]) {
      const button = made("button", { className: verb, value: verb, textContent: label, formNoValidate: verb !== "approve" });
      answers.append(button);
    }
    return answers;
  }

  async answer(card, verb) {
    // Not by disabled buttons: those would lose the focus.
    if (card.getAttribute("aria-busy") === "true") return;
    card.setAttribute("aria-busy", "true");
    const code = card.querySelector("input")?.value.trim();
    try {
      const answer = await fetch(this.app.url(card.dataset.id), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ answer: verb, ...(code && verb === "approve" && { code }) }),
      });
      this.told.textContent = answer.ok ? "" : (await answer.json()).error;
    } catch {
      this.told.textContent = "The phone has no connection.";
    }
    card.setAttribute("aria-busy", "false");
    await this.changed();
  }

  drawPast(ended) {
    const key = ended.map((push) => this.app.id(push) + push.state).join();
    this.past.hidden = ended.length === 0;
    if (key === this.drawn) return;
    this.drawn = key;
    this.past.querySelector("ul").replaceChildren(...ended.map((push) => this.pastPush(push)));
  }

  pastPush(push) {
    const kind = KIND[push.state] ?? push.state;
    const outcome = made("span", { className: kind }, shape(SHAPES[kind] ?? SHAPES.unanswered));
    const word = made("strong", { className: kind, textContent: ENDS[push.state] ?? push.state });
    const rows = new Map(this.app.rows(push));
    const detail = rows.get("Ticket") ?? rows.values().next().value ?? "";
    return made(
      "li", {}, outcome, word,
      made("time", { dateTime: push.sent_at, textContent: time(push.sent_at) }),
      made("span", { className: "detail", textContent: detail }),
    );
  }
}
