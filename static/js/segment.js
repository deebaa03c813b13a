// Counts again while conditions are written. Without this file the button "Preview" does so.
"use strict";

const form = document.getElementById("segment");
let waiting, running;

async function count() {
  running?.abort();
  running = new AbortController();
  const typed = new FormData(form);
  typed.set("_do", "preview");
  try {
    const answer = await fetch(form.action, { method: "POST", body: typed, signal: running.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What cannot be read yet is said once it is saved: somebody is still typing.
    if (page.querySelector("#segment .wrong")) return;
    document.getElementById("who").replaceChildren(...page.getElementById("who").childNodes);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form?.addEventListener("input", (event) => {
  if (event.target.name === "add") return;
  clearTimeout(waiting);
  waiting = setTimeout(count, 600);
});
