// The tracings that can be on the sheet: those of the exam, and of the patient's exam before where the study shows it. Pure.

const LONGEST = { day: 90, month: 24 }; // so many of a unit are told in it
const DAYS = { month: 30.44, year: 365.25 };

/**
 * The tracings of `exam` in the order of their tabs.
 *
 * @returns {{href: string, position: number, daysBefore: number | null}[]} `daysBefore` is null for the exam's own
 */
export function tracingsOf({ tracings, prior }) {
  const of = (some, daysBefore) => some.map(({ href, position }) => ({ href, position, daysBefore }));
  return [...of(tracings, null), ...(prior ? of(prior.tracings, prior.days_before) : [])];
}

/** What the keys lead to while `href` is on view: the next tracing of the same exam, and the other exam; null: nothing. */
export function waysFrom(tracings, href) {
  const shown = tracings.find((one) => one.href === href);
  if (!shown) return { next: null, other: null };
  const isSame = (one) => (one.daysBefore === null) === (shown.daysBefore === null);
  const same = tracings.filter(isSame);
  const next = same[(same.indexOf(shown) + 1) % same.length];
  return {
    next: next === shown ? null : next.href,
    other: tracings.find((one) => !isSame(one))?.href ?? null,
  };
}

/** So many days in the unit in which people would tell them: "3 days", "14 months", "6.5 years". */
export function timeSpan(days, language) {
  const months = Math.round(days / DAYS.month);
  const [value, unit] =
    days <= LONGEST.day
      ? [days, "day"]
      : months <= LONGEST.month
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
