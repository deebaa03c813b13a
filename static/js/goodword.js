// Goodword on your own site: keeps a recommendation's code until it is needed, in this browser only.
// <script src=".../goodword.js" data-days="90" defer></script>
"use strict";

(() => {
  const KEY = "goodword";
  const FIELDS = 'input[name="goodword_code"], input[name$="[goodword_code]"]';
  const days = Number(document.currentScript?.dataset.days) || 90;

  // Storage may be off.
  const kept = (act) => {
    try {
      return act(localStorage) ?? "";
    } catch {
      return "";
    }
  };

  const given = () => {
    const asked = new URLSearchParams(location.search);
    const code = asked.get("gw") ?? asked.get("ref") ?? "";
    return /^[0-9A-Za-z-]{4,20}$/.test(code) ? code.toUpperCase() : "";
  };

  let here = given();
  const read = (box) => {
    const { code, until } = JSON.parse(box.getItem(KEY)) ?? {};
    return until > Date.now() ? code : "";
  };
  const code = () => here || kept(read);
  const forget = () => {
    here = "";
    kept((box) => box.removeItem(KEY));
  };

  // Each once: who empties a field wants it empty.
  const done = new WeakSet();
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  const fill = () => {
    const found = code();
    if (!found) return;
    for (const it of document.querySelectorAll(`${FIELDS}, a[data-goodword]`)) {
      if (done.has(it)) continue;
      done.add(it);
      if (it.href && it.protocol.startsWith("http")) {
        const to = new URL(it.href);
        to.searchParams.set("gw", found);
        it.href = to;
      } else if (it.value === "") {
        // Pages that draw their forms listen.
        set.call(it, found);
        it.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
  };

  if (here) kept((box) => box.setItem(KEY, JSON.stringify({ code: here, until: Date.now() + days * 864e5 })));
  window.goodword = { code, fill, forget };
  document.addEventListener("submit", fill, true);
  new MutationObserver(fill).observe(document, { childList: true, subtree: true });
  fill();
})();
