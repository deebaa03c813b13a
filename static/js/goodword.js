// Goodword on your own site: keeps the code of a recommendation until it is needed, in this browser only.
// <script src=".../goodword.js" data-days="90" defer></script>
"use strict";

(() => {
  const KEY = "goodword";
  const days = Number(document.currentScript?.dataset.days) || 90;

  const read = () => {
    try {
      const { code, until } = JSON.parse(localStorage.getItem(KEY)) ?? {};
      return until > Date.now() ? code : "";
    } catch {
      return "";
    }
  };

  const given = () => {
    const asked = new URLSearchParams(location.search);
    const code = asked.get("gw") ?? asked.get("ref") ?? "";
    return /^[0-9A-Za-z-]{4,20}$/.test(code) ? code.toUpperCase() : "";
  };

  const keep = (code) => {
    try {
      localStorage.setItem(KEY, JSON.stringify({ code, until: Date.now() + days * 864e5 }));
    } catch {
      // Storage is switched off: the code still counts on this page.
    }
  };

  const here = given();
  const code = () => here || read();

  // Fields named goodword_code get the code; links marked data-goodword carry it on.
  const fill = () => {
    const found = code();
    if (!found) return;
    for (const field of document.querySelectorAll('input[name="goodword_code"]')) field.value ||= found;
    for (const link of document.querySelectorAll("a[data-goodword]")) {
      const address = new URL(link.href);
      address.searchParams.set("gw", found);
      link.href = address;
    }
  };

  if (here) keep(here);
  window.goodword = { code, fill, forget: () => localStorage.removeItem(KEY) };
  document.addEventListener("submit", fill, true);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", fill);
  else fill();
})();
