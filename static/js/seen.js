// Tells that a person has this page in front of them: a share link counts people, not previews.
"use strict";

const { report, visit } = document.currentScript.dataset;

function tell() {
  if (document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", tell);
  navigator.sendBeacon(report, new URLSearchParams({ visit }));
}

document.addEventListener("visibilitychange", tell);
tell();
