// The reader's pace in the current session, from the submissions on this device. Pure.

/** @typedef {{id: number, at: number, activeMs: number}} Submission */

/** @typedef {{count: number, seconds: number, part: string}} Pace */

/** A longer pause starts a new session. */
export const SESSION_MS = 60 * 60_000;

const KEPT = 500;

/**
 * Add a submission and drop earlier sessions. Abstentions are not added.
 *
 * @param {unknown} submissions as stored
 * @param {Submission & {outcome?: string}} submission
 */
export function withSubmission(submissions, { id, at, activeMs, outcome = "read" }) {
  const others = current(submissions, at).filter((one) => one.id !== id);
  return outcome === "abstained" ? others : [...others, { id, at, activeMs }].slice(-KEPT);
}

/**
 * Return the submissions of the session in progress at `now`.
 *
 * @param {unknown} submissions as stored
 * @param {number} now
 * @returns {Submission[]}
 */
export function current(submissions, now) {
  const list = Array.isArray(submissions) ? submissions : [];
  let from = list.length;
  for (let later = now; from > 0 && later - list[from - 1].at <= SESSION_MS; from -= 1)
    later = list[from - 1].at;
  return list.slice(from);
}

/**
 * Return the number of readings, their mean active time in seconds and the part of the day; null before the
 * first reading.
 *
 * @param {unknown} submissions as stored
 * @param {number} now
 * @param {number} hour
 * @returns {Pace | null}
 */
export function pace(submissions, now, hour) {
  const session = current(submissions, now);
  if (session.length === 0) return null;
  const seconds = Math.round(
    session.reduce((sum, { activeMs }) => sum + activeMs, 0) / session.length / 1000,
  );
  return { count: session.length, seconds, part: partOfDay(hour) };
}

/** @param {number} hour */
function partOfDay(hour) {
  if (hour < 5) return "night";
  if (hour < 12) return "morning";
  return hour < 18 ? "afternoon" : "evening";
}
