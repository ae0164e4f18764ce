/** The page of texts and calls as an app of this phone: without its own case, and with links that can be followed. */

const SHEET = "/handset/static/inside.css";
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/;

/** Make the address in a text a link to a new tab, as every phone does; its code was marked before, and stays. */
function link(paragraph) {
  const words = paragraph.textContent;
  const found = LINK.exec(words);
  if (!found || paragraph.querySelector("a")) return;
  const anchor = document.createElement("a");
  anchor.href = anchor.textContent = found[0];
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  paragraph.replaceChildren(words.slice(0, found.index), anchor, words.slice(found.index + found[0].length));
}

function dress(page) {
  const sheet = page.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = SHEET;
  page.head.append(sheet);
  const texts = page.getElementById("messages");
  const linkAll = () => texts.querySelectorAll(".message:not(.outgoing) p").forEach(link);
  new MutationObserver(linkAll).observe(texts, { childList: true });
  linkAll();
  return new Promise((done) => { sheet.onload = sheet.onerror = done; });
}

/** Show the texts and calls of `number` in `frame`. */
export function showTexts(frame, number) {
  const address = `/phone/${number}?embed=1`;
  if (frame.dataset.shown === address) return;
  frame.dataset.shown = address;
  frame.classList.add("undressed");
  frame.onload = () => dress(frame.contentDocument).then(() => frame.classList.remove("undressed"));
  frame.src = address;
}
