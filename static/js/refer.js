// Room for another friend without asking the server, and no form sent twice by a double click.
// Without this file both work the long way.
"use strict";

for (const button of document.querySelectorAll("[data-another]")) {
  const form = button.form;
  const count = form.querySelector("[data-count]");
  const blank = form.querySelector("template[data-friend]");
  const place = form.querySelector("[data-before]");

  button.addEventListener("click", (event) => {
    event.preventDefault();
    const number = Number(count.value) + 1;
    const friend = blank.content.cloneNode(true);
    for (const element of friend.querySelectorAll("*")) {
      for (const attribute of element.attributes) {
        attribute.value = attribute.value.replaceAll("__n__", number);
      }
    }
    const first = friend.querySelector("input");
    form.insertBefore(friend, place);
    count.value = number;
    place.hidden = number >= 5;
    first.focus();
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

// Coming back to the page by the browser's back button, the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});

document.getElementById("errors")?.focus();
