// The tracings that the sheet can show: those of the exam and, if the study shows it, of the patient's
// previous exam. Pure.

/** @import { Exam, TracingLink } from "../types.js" */

/**
 * @typedef {TracingLink & {daysBefore: number | null}} Tracing `daysBefore` is null for tracings of this
 * exam
 */

/** The longest time spans that are given in days and in months; longer ones are given in years. */
const MAX_COUNT = { day: 90, month: 24 };
const DAYS = { month: 30.44, year: 365.25 };

/**
 * Return the tracings of `exam` in the order of their tabs.
 *
 * @param {Pick<Exam, "tracings" | "prior">} exam
 * @returns {Tracing[]}
 */
export function tracingsOf({ tracings, prior }) {
  /**
   * @param {TracingLink[]} links
   * @param {number | null} daysBefore
   */
  const of = (links, daysBefore) => links.map(({ href, position }) => ({ href, position, daysBefore }));
  return [...of(tracings, null), ...(prior ? of(prior.tracings, prior.days_before) : [])];
}

/**
 * Return the URLs that the keys open while `href` is displayed: `next` is the next tracing of the same exam,
 * `other` the first tracing of the other exam. Null if there is none.
 *
 * @param {Tracing[]} tracings
 * @param {string | null} href
 */
export function keyTargets(tracings, href) {
  const current = tracings.find((one) => one.href === href);
  if (!current) return { next: null, other: null };
  /** @param {Tracing} one */
  const isSame = (one) => (one.daysBefore === null) === (current.daysBefore === null);
  const same = tracings.filter(isSame);
  const next = same[(same.indexOf(current) + 1) % same.length];
  return {
    next: next === current ? null : next.href,
    other: tracings.find((one) => !isSame(one))?.href ?? null,
  };
}

/**
 * Format `days` in a readable unit: "3 days", "14 months", "6.5 years".
 *
 * @param {number} days
 * @param {string} language
 */
export function timeSpan(days, language) {
  const months = Math.round(days / DAYS.month);
  const [value, unit] =
    days <= MAX_COUNT.day
      ? [days, "day"]
      : months <= MAX_COUNT.month
        ? [months, "month"]
        : [days / DAYS.year, "year"];
  const whole = unit === "year" ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: whole,
  }).format(value);
}
