// Refreshes the preview while words are written, and puts placeholders where the cursor is. Without this file
// the button "Preview" does the first, and the placeholders are there to be read.
"use strict";

const place = document.getElementById("trial");
const form = place?.closest("form");
let waiting, running, writing;

function field(name) {
  return form.elements.namedItem(name);
}

function look() {
  // A fresh frame, so that the way back in the browser does not lead through every letter that was typed.
  const old = document.getElementById("look");
  if (!old) return;
  const frame = old.cloneNode();
  frame.removeAttribute("src");
  frame.name = "look";
  const has_mail = place.querySelector("[data-mail]") !== null;
  old.replaceWith(frame);
  frame.parentElement.hidden = !has_mail;
  if (!has_mail) return;
  const post = document.createElement("form");
  Object.assign(post, { method: "post", action: frame.dataset.look, target: "look", hidden: true });
  for (const [name, value] of new FormData(form)) {
    const typed = document.createElement("textarea");
    Object.assign(typed, { name, value });
    post.append(typed);
  }
  document.body.append(post);
  post.submit();
  post.remove();
}

function names() {
  document.querySelector("[data-click]")?.removeAttribute("hidden");
  for (const code of document.querySelectorAll("#names code[data-insert]")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "link" });
    code.replaceWith(button);
    code.removeAttribute("data-insert");
    button.append(code);
  }
}

async function refresh() {
  running?.abort();
  running = new AbortController();
  const typed = new FormData(form);
  typed.set("_look", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body: typed, signal: running.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("trial"), known = page.getElementById("names");
    if (fresh) place.replaceChildren(...fresh.childNodes);
    if (known) document.getElementById("names")?.replaceWith(known);
    names();
    look();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form?.addEventListener("input", () => {
  // Whoever may only read these words has no button to try others, and the server would refuse.
  if (!field("_look")) return;
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 800);
});
form?.addEventListener("focusin", (event) => {
  if (["subject", "body"].includes(event.target.name)) writing = event.target;
});
form?.addEventListener("click", (event) => {
  const button = event.target.closest("#names button");
  const into = writing ?? field("body");
  if (!button || !into) return;
  into.setRangeText(button.textContent, into.selectionStart, into.selectionEnd, "end");
  into.focus();
  into.dispatchEvent(new Event("input", { bubbles: true }));
});
if (form) names();
if (form && document.querySelector("[data-typed]")) look();
