// The reader's own pace in this sitting, from what they submitted on this device. Pure.

/** A longer pause begins a new sitting. */
export const SITTING_MS = 60 * 60_000;

const KEPT = 500;

/**
 * `submissions` with one more at `at`, of `activeMs` of reading; an older sitting is forgotten. An
 * abstention is no reading.
 */
export function withSubmission(submissions, { id, at, activeMs, outcome = "read" }) {
  const others = current(submissions, at).filter((one) => one.id !== id);
  return outcome === "abstained" ? others : [...others, { id, at, activeMs }].slice(-KEPT);
}

/** The submissions of the sitting that goes on at `now`. */
export function current(submissions, now) {
  const list = Array.isArray(submissions) ? submissions : [];
  let from = list.length;
  for (let later = now; from > 0 && later - list[from - 1].at <= SITTING_MS; from -= 1)
    later = list[from - 1].at;
  return list.slice(from);
}

/** `{count, seconds, part}`: how many, how long each, and when; null before the first. */
export function pace(submissions, now, hour) {
  const sitting = current(submissions, now);
  if (sitting.length === 0) return null;
  const seconds = Math.round(
    sitting.reduce((sum, { activeMs }) => sum + activeMs, 0) / sitting.length / 1000,
  );
  return { count: sitting.length, seconds, part: partOfDay(hour) };
}

function partOfDay(hour) {
  if (hour < 5) return "night";
  if (hour < 12) return "morning";
  return hour < 18 ? "afternoon" : "evening";
}
