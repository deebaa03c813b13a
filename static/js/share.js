// What an advocate makes of the ready words is what opens in their own program.
// Without this file the words as they were open there, and can be changed there.
"use strict";

for (const words of document.querySelectorAll("textarea[data-pattern]")) {
  const opens = document.getElementById(words.dataset.opens);
  words.addEventListener("input", () => {
    opens.href = words.dataset.pattern.replace("{words}", encodeURIComponent(words.value));
  });
}
