// Keeps the minutes of a link's page true while it is open. Without it they stand as they were when it was opened.

const line = document.querySelector("[data-left]");
const end = Date.now() + line.dataset.left * 1000;

function say() {
  const left = (end - Date.now()) / 1000;
  const minutes = Math.floor(left / 60);
  if (left <= 0) line.textContent = "The time is up. Ask for a new link.";
  else if (minutes < 1) line.textContent = "Less than a minute left.";
  else line.textContent = minutes === 1 ? "1 minute left." : `${minutes} minutes left.`;
}

setInterval(say, 1000);
