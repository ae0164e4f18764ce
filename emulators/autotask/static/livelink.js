// A LiveLink opens by itself; the button is for browsers that hold it back.

document.getElementById("link").submit();
