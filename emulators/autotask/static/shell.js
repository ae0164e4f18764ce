// The outer page: what is chosen here goes into the address, and from there to the ticket page inside.

const reloadWith = (name, value) => {
  const query = new URLSearchParams(location.search);
  if (value) query.set(name, value);
  else query.delete(name);
  location.search = query.toString();
};

for (const name of ["agent", "dark", "panel"]) {
  document.getElementById(name).onchange = (event) => reloadWith(name, event.target.value);
}

// The ticket page says where it went, so that the address here can be shared.
window.addEventListener("message", (event) => {
  if (event.origin !== location.origin || !Number.isInteger(event.data?.ticket)) return;
  history.replaceState(null, "", `/autotask/ticket/${event.data.ticket}${location.search}`);
  document.title = event.data.title;
});
