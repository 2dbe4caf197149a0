// What every page gains from scripts: the theme toggle, menus that close, lists that filter.

import { plain } from "./fold_case.js";

const YEAR_S = 365 * 24 * 60 * 60;

/** The theme after the present one, which may follow the system. */
function otherTheme(chosen, systemIsDark) {
  const isDark = chosen ? chosen === "dark" : systemIsDark;
  return isDark ? "light" : "dark";
}

/** Whether every word of `query` occurs in `text`. */
function matches(text, query) {
  const hay = plain(text);
  return plain(query)
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

function bindTheme(button) {
  const root = document.documentElement;
  button.hidden = false;
  button.addEventListener("click", () => {
    const systemIsDark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = otherTheme(root.dataset.theme, systemIsDark);
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
    document.dispatchEvent(new CustomEvent("themechange"));
  });
}

function bindMenu(menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

/** A search box that hides what does not match, and groups with nothing left in them. */
function bindFilter(box) {
  const list = document.getElementById(box.getAttribute("aria-controls"));
  const count = document.getElementById(box.dataset.count);
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.addEventListener("input", () => {
    const items = [...list.querySelectorAll("[data-filter]")];
    for (const item of items) item.hidden = !matches(item.dataset.filter, box.value);
    for (const group of list.querySelectorAll("[data-filter-group]")) {
      group.hidden = !group.querySelector("[data-filter]:not([hidden])");
    }
    if (count) count.textContent = items.filter((item) => !item.hidden).length;
  });
}

/** Put the value of a field into the clipboard, and say so on the button for a moment. */
function bindCopy(button) {
  if (!navigator.clipboard) return;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied;
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

/** Tick or clear all the boxes of one fieldset. */
function bindAll(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...button.closest("fieldset").querySelectorAll("[type=checkbox]")];
    const wanted = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = wanted;
  });
}

/** Say nothing twice: a form that was sent cannot be sent again by a second click. */
function bindOnce(form) {
  form.addEventListener("submit", () => {
    setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
  });
  addEventListener("pageshow", () => {
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  });
}

function start() {
  document.querySelectorAll("[data-act=theme]").forEach(bindTheme);
  document.querySelectorAll("details.user-menu").forEach(bindMenu);
  document.querySelectorAll("input[data-act=filter]").forEach(bindFilter);
  document.querySelectorAll("button[data-copy]").forEach(bindCopy);
  document.querySelectorAll("[data-act=all]").forEach(bindAll);
  document.querySelectorAll("form[data-once]").forEach(bindOnce);
}

if (typeof document !== "undefined") start();
