// The host's side of the Hosted API: pods in iframes, messages as JSON strings in both directions.

const SAVE_WAIT_MS = 5000;
const WRONG_ORIGIN = "https://wrong.example";

// Member secrets and frame ids stay out of the traffic list that people look at.
const forDisplay = (message) =>
  JSON.stringify(message, (key, value) => (key === "memberHash" ? `${String(value).slice(0, 4)}…` : value));

export class PodHost {
  // `screen` gives the present record as {screen, id}; `actions` are what pods may ask of the screen.
  constructor({ container, screen, actions, control, getScreenObject, traffic }) {
    Object.assign(this, { container, screen, actions, control, getScreenObject, traffic });
    this.pods = [];
    this.waiting = new Map();
    this.eventNumber = 0;
    window.addEventListener("message", (event) => this.receive(event));
  }

  // Mount one iframe per row; rows that did not change keep their frame and its state.
  show(rows) {
    const key = JSON.stringify(rows);
    if (key === this.shown) return;
    this.shown = key;
    this.container.replaceChildren();
    this.pods = rows.map((row) => this.mount(row));
  }

  mount(row) {
    const { screen, id } = this.screen();
    const address = row.url.replaceAll("[cw_id]", id).replaceAll("[cw_screen]", screen);
    const panel = document.createElement("section");
    panel.className = "pod";
    const title = document.createElement("h2");
    title.textContent = row.description;
    panel.append(title);
    const pod = { row, panel, frameId: null, frame: null };
    if (/^https?:\/\//i.test(address)) {
      pod.frame = document.createElement("iframe");
      pod.frame.title = row.description;
      pod.frame.style.height = `${row.height}px`;
      pod.frame.src = address;
      panel.append(pod.frame);
    } else {
      const problem = document.createElement("p");
      problem.textContent = "The URL of this set-up row is not a web address.";
      panel.append(problem);
    }
    this.container.append(panel);
    return pod;
  }

  send(pod, message) {
    const target = this.control === "wrong-origin" ? WRONG_ORIGIN : pod.row.origin;
    try {
      pod.frame.contentWindow.postMessage(JSON.stringify(message), target);
      this.traffic("to pod", forDisplay(message));
    } catch {
      this.traffic("not sent", `the row's origin "${target}" is not an origin`);
    }
  }

  sendEvent(pod, name) {
    const { screen, id } = this.screen();
    const eventId = `e${(this.eventNumber += 1)}`;
    this.send(pod, { event: name, _id: eventId, data: { screenObject: { screen, id, hostedAs: "pod" } } });
    return eventId;
  }

  // Told after every refresh and every change of record.
  loaded() {
    for (const pod of this.pods) if (pod.frameId) this.sendEvent(pod, "onLoad");
  }

  // Ask every pod; resolves to the sentences that stand against saving. A pod that does not answer stops the save.
  async beforeSave() {
    const asked = this.pods.filter((pod) => pod.frame).map((pod) => this.askToSave(pod));
    return (await Promise.all(asked)).flat();
  }

  askToSave(pod) {
    const silent = [`${pod.row.description} did not answer, so nothing was saved.`];
    if (!pod.frameId) return [`${pod.row.description} is not ready, so nothing was saved.`];
    return new Promise((resolve) => {
      const eventId = this.sendEvent(pod, "beforeSave");
      const timer = setTimeout(() => this.settle(eventId, silent), SAVE_WAIT_MS);
      this.waiting.set(eventId, { pod, resolve, timer });
    });
  }

  settle(eventId, errors) {
    const entry = this.waiting.get(eventId);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.waiting.delete(eventId);
    entry.resolve(errors);
  }

  receive(event) {
    const pod = this.pods.find((candidate) => candidate.frame && candidate.frame.contentWindow === event.source);
    if (!pod) return;
    const dropped = (why) => this.traffic("dropped", why);
    if (typeof event.data !== "string") return dropped("not a string");
    if (pod.row.origin !== "*" && event.origin !== pod.row.origin) return dropped(`from ${event.origin}, not ${pod.row.origin}`);
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return dropped("not JSON");
    }
    if (message === null || typeof message !== "object") return dropped("not an object");
    if (message.message === "ready") {
      this.traffic("from pod", forDisplay(message));
      return this.greet(pod);
    }
    if (!pod.frameId || message.frameID !== pod.frameId) return dropped("without the right frameID");
    this.traffic("from pod", forDisplay(message));
    if (typeof message.hosted_request === "string") return this.request(pod, message);
    if (typeof message.event === "string" && typeof message._id === "string") return this.acknowledged(pod, message);
    return dropped("neither hosted_request nor an event's answer");
  }

  greet(pod) {
    pod.frameId = pod.frameId || `frame-${crypto.randomUUID().slice(0, 8)}`;
    this.send(pod, { MessageFrameID: pod.frameId });
    if (this.control === "duplicate") this.send(pod, { MessageFrameID: pod.frameId });
    this.sendEvent(pod, "onLoad");
  }

  acknowledged(pod, message) {
    const entry = this.waiting.get(message._id);
    if (!entry || entry.pod !== pod || message.event !== "beforeSave") return;
    if (message.result === "success") return this.settle(message._id, []);
    const errors = Array.isArray(message.errors) ? message.errors.map(String) : [];
    this.settle(message._id, errors.length ? errors : [`${pod.row.description} refused the save.`]);
  }

  async request(pod, message) {
    const args = message.args && typeof message.args === "object" ? message.args : {};
    switch (message.hosted_request) {
      case "getMemberAuthentication": {
        if (this.control === "silent") return;
        const data = await this.actions.memberAuthentication();
        return this.send(pod, { response: "getmemberauthentication", data });
      }
      case "refreshScreen":
        return this.actions.refreshScreen();
      case "setDirty":
        return this.actions.setDirty(args.dirty === true);
      case "openScreen":
        return this.actions.openScreen(args);
      case "getScreenObject": {
        if (!this.getScreenObject) return;
        const { screen, id } = this.screen();
        return this.send(pod, { response: "getscreenobject", data: { id, screen, hostedAs: "pod" } });
      }
    }
  }
}
