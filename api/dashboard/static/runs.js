"use strict";
/* What the page of a run does besides: copies command lines, and stays at the end of output that goes on. */

const isAtEnd = (each) => each.scrollTop + each.clientHeight >= each.scrollHeight - 4;

function prepareRun(followed) {
  for (const each of document.querySelectorAll("[data-copy]")) each.hidden = !navigator.clipboard;
  for (const each of document.querySelectorAll("pre[data-follow]")) {
    if (!followed || followed.has(each)) each.scrollTop = each.scrollHeight;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  let followed = new Set();
  prepareRun();
  document.body.addEventListener("htmx:beforeSwap", () => {
    followed = new Set([...document.querySelectorAll("pre[data-follow]")].filter(isAtEnd));
  });
  document.body.addEventListener("htmx:afterSettle", () => prepareRun(followed));
  document.addEventListener("click", async (event) => {
    const from = event.target.dataset.copy && document.getElementById(event.target.dataset.copy);
    if (!from) return;
    await navigator.clipboard.writeText(from.textContent.trim());
    event.target.textContent = "Copied";
  });
});
