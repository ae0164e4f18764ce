// The banner's preview follows what is typed and chosen; without this script it shows what was last sent.

const preview = document.getElementById("banner-preview");
const form = document.querySelector("form.policy");

function chosen(name) {
  const radio = form.querySelector(`input[name="${name}"]:checked`);
  return radio ? radio.value : "";
}

function draw() {
  const own = form.elements["own-banner"] ? chosen("own-banner") === "1" : true;
  const text = own ? form.elements.banner.value.trim() : preview.dataset.banner;
  preview.textContent = text;
  preview.hidden = !text;
  preview.className = `banner-preview ${chosen("banner_colour") || preview.dataset.colour}`;
}

form.addEventListener("input", draw);
draw();
