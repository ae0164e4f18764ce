// Sign in in a new window: a link that is ready before the click, so that no pop-up blocker stops it; the number that
// is typed there; and the wait. The window and the frame share nothing but the server.

const POLL_MS = 2000;

export const signInWindow = ({ form, post, signedIn }) => {
  const part = document.createElement("section");
  part.className = "other-window";
  part.setAttribute("aria-label", "Sign in in a new window");
  part.innerHTML = `<p class="problem" role="alert" hidden></p>
    <p role="status"></p>
    <div><a class="button" target="_blank" rel="noopener">Sign in in a new window</a>
    <button class="link" type="button" hidden>Cancel</button></div>`;
  const [problem, wait] = part.querySelectorAll("p");
  const link = part.querySelector("a");
  const cancel = part.querySelector("button");

  let ticket = null;
  let waits = false;
  let timer = 0;
  let last = null;
  let polls = false;

  const show = () => {
    part.hidden = !ticket && problem.hidden;
    if (ticket) link.href = ticket.url;
    link.parentElement.hidden = !ticket;
    link.textContent = waits ? "Open the window again" : "Sign in in a new window";
    cancel.hidden = !waits;
    wait.replaceChildren();
    if (!waits) return;
    const number = document.createElement("strong");
    number.className = "digits";
    number.textContent = ticket.number;
    wait.append("Type ", number, " in the new window. The ticket goes on by itself.");
  };

  const say = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  };

  const stop = () => {
    window.clearTimeout(timer);
    ticket = null;
    waits = false;
    say("");
    show();
  };

  // A link that nobody has pressed is renewed before it runs out, while somebody can see it.
  const offer = async () => {
    if (ticket && performance.now() < ticket.stale) return;
    window.clearTimeout(timer);
    ticket = null;
    waits = false;
    const asked = (last = {});
    try {
      const said = await post("window");
      if (asked !== last || form.hidden) return;
      if (said.url) ticket = { ...said, stale: performance.now() + said.seconds * 900 };
      else say(said.problem);
    } catch {
      return;
    }
    if (ticket) timer = window.setTimeout(renew, ticket.seconds * 900);
    show();
  };
  const renew = () => {
    if (!form.hidden && !waits && !document.hidden) offer();
  };

  const poll = async () => {
    // One at a time, as the session is handed out once.
    if (polls) return;
    window.clearTimeout(timer);
    const asked = ticket;
    let said = { waiting: true };
    polls = true;
    try {
      said = await post("window/poll", { secret: asked.secret });
    } catch {
      // The server is asked again; it is the one that says when the time is over.
    } finally {
      polls = false;
    }
    if (asked !== ticket) {
      // Another window is waited for meanwhile, or none.
      window.clearTimeout(timer);
      if (waits) timer = window.setTimeout(poll, POLL_MS);
      return;
    }
    if (said.token) {
      stop();
      signedIn(said);
    } else if (said.waiting && performance.now() < asked.stale + asked.seconds * 100) {
      if (waits) timer = window.setTimeout(poll, POLL_MS);
    } else {
      ticket = null;
      say(said.problem || "The window's sign-in has run out. Open a new one.");
      offer();
    }
  };

  const begin = () => {
    if (!ticket || waits) return;
    waits = true;
    say("");
    show();
    window.clearTimeout(timer);
    timer = window.setTimeout(poll, POLL_MS);
  };
  link.addEventListener("click", begin);
  link.addEventListener("auxclick", begin);

  cancel.addEventListener("click", () => {
    stop();
    offer().then(() => link.focus());
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden || form.hidden) return;
    // Browsers slow the clocks of a tab that is behind another.
    if (waits) poll();
    else renew();
  });

  part.hidden = true;
  form.append(part);
  return { offer, stop };
};
