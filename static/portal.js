// The portal's few lines of script: Copy buttons, and no form sent twice by a double click.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  let done = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // No clipboard for this page: the text is selected, for the person to copy.
    getSelection().selectAllChildren(source);
    done = false;
  }
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  document.getElementById("announce").textContent = done ? "Copied." : "Selected. Press Control C to copy.";
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});
