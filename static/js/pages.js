// Scripts of every page: theme toggle, user menu, filtered lists, buttons that copy or check all, protection
// against double submission.

import { find, findAll } from "./dom.js";
import { foldCase } from "./texts.js";

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * Return the theme to switch to. Without a choice, the current theme is that of the system.
 *
 * @param {string | undefined} chosen
 * @param {boolean} systemIsDark
 */
function otherTheme(chosen, systemIsDark) {
  const isDark = chosen ? chosen === "dark" : systemIsDark;
  return isDark ? "light" : "dark";
}

/**
 * True if every word of `query` occurs in `text`.
 *
 * @param {string} text
 * @param {string} query
 */
function matches(text, query) {
  const folded = foldCase(text);
  return foldCase(query)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

/** @param {HTMLElement} button */
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

/** @param {HTMLDetailsElement} menu */
function bindMenu(menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    find(menu, "summary").focus();
  });
}

/**
 * Bind a search box that hides items that do not match, and groups without a visible item.
 *
 * @param {HTMLInputElement} box
 */
function bindFilter(box) {
  const list = find(document, `#${box.getAttribute("aria-controls")}`);
  const count = document.getElementById(box.dataset.count ?? "");
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.addEventListener("input", () => {
    const items = findAll(list, "[data-filter]");
    for (const item of items) item.hidden = !matches(item.dataset.filter ?? "", box.value);
    for (const group of findAll(list, "[data-filter-group]")) {
      group.hidden = !group.querySelector("[data-filter]:not([hidden])");
    }
    if (count) count.textContent = String(items.filter((item) => !item.hidden).length);
  });
}

/**
 * Bind a button that copies the value of a field to the clipboard and confirms it for two seconds.
 *
 * @param {HTMLElement} button
 */
function bindCopy(button) {
  if (!navigator.clipboard) return;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = find(document, `#${button.dataset.copy}`, HTMLInputElement);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied ?? label;
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

/**
 * Bind a button that checks or clears all boxes of its fieldset.
 *
 * @param {HTMLElement} button
 */
function bindAll(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = findAll(button.closest("fieldset") ?? document, "[type=checkbox]", HTMLInputElement);
    const isChecking = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = isChecking;
  });
}

/**
 * Prevent double submission: disable the buttons of a submitted form.
 *
 * @param {HTMLFormElement} form
 */
function bindOnce(form) {
  /** @param {boolean} isDisabled */
  const disable = (isDisabled) => {
    for (const button of findAll(form, "button", HTMLButtonElement)) button.disabled = isDisabled;
  };
  form.addEventListener("submit", () => {
    setTimeout(() => disable(true)); // after the browser has read the value of the pressed button
  });
  addEventListener("pageshow", () => disable(false));
}

function start() {
  findAll(document, "[data-act=theme]").forEach(bindTheme);
  findAll(document, "details.user-menu", HTMLDetailsElement).forEach(bindMenu);
  findAll(document, "input[data-act=filter]", HTMLInputElement).forEach(bindFilter);
  findAll(document, "button[data-copy]").forEach(bindCopy);
  findAll(document, "[data-act=all]").forEach(bindAll);
  findAll(document, "form[data-once]", HTMLFormElement).forEach(bindOnce);
}

if (typeof document !== "undefined") start();
