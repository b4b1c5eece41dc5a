// What the page can do beyond being read: filter, copy, and open what a link points to.
"use strict";

const main = document.querySelector("main");
const filter = document.querySelector(".filter");
const found = document.querySelector(".found");
const links = [...document.querySelectorAll(".links li")].map((item) => {
  const operation = document.getElementById(item.firstElementChild.hash.slice(1));
  return { item, operation, text: operation.querySelector("summary").textContent.toLowerCase() };
});

function showMatches(wanted) {
  const words = wanted.toLowerCase().split(/\s+/);
  for (const { item, operation, text } of links) {
    item.hidden = operation.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll(".links, .group")) {
    group.hidden = !group.querySelector("li:not([hidden]), .operation:not([hidden])");
  }
  const left = links.filter(({ item }) => !item.hidden).length;
  if (main.getBoundingClientRect().top < 0) main.scrollIntoView();
  found.textContent = wanted.trim() ? `${left} of ${links.length} operations` : "";
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return "Copied";
  } catch {
    // Without TLS browsers have no clipboard for scripts.
    getSelection().selectAllChildren(code);
    return document.execCommand("copy") ? "Copied" : "Selected";
  }
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

for (const button of document.querySelectorAll(".copy")) {
  const code = button.nextElementSibling.firstElementChild;
  const label = button.textContent;
  code.textContent = code.textContent.replace(main.dataset.base, location.origin);
  button.addEventListener("click", async () => (button.textContent = await copy(code)));
  button.addEventListener("blur", () => (button.textContent = label));
  button.hidden = false;
}
filter.querySelector("input").addEventListener("input", (event) => showMatches(event.target.value));
filter.hidden = false;
addEventListener("hashchange", openTarget);
openTarget();
