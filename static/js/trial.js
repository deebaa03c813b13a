// Refreshes the preview while words are written. Without this file the button "Preview" does it.
"use strict";

const place = document.getElementById("trial");
const form = place?.closest("form");
let waiting, running;

async function refresh() {
  running?.abort();
  running = new AbortController();
  const typed = new FormData(form);
  typed.set("_look", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body: typed, signal: running.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("trial");
    if (fresh) place.replaceChildren(...fresh.childNodes);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 800);
});
