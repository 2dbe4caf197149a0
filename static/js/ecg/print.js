// Scales the sheet to an A4 page. Pure; in millimeters.

/** Landscape A4 with unprintable margins, and a header line for the exam and its settings. */
const PAGE = Object.freeze({ widthMm: 297, heightMm: 210, sideMm: 6, topMm: 5, headMm: 9, footMm: 5 });

/**
 * Return the share of actual size at which the sheet fits the page, or 1 if it fits at actual size.
 *
 * @param {{widthMm: number, heightMm: number}} sheet
 */
export function printShare({ widthMm, heightMm }) {
  const printable = {
    widthMm: PAGE.widthMm - 2 * PAGE.sideMm,
    heightMm: PAGE.heightMm - PAGE.topMm - PAGE.headMm - PAGE.footMm,
  };
  // Whole percentages, rounded down, because the percentage is printed.
  return Math.floor(Math.min(1, printable.widthMm / widthMm, printable.heightMm / heightMm) * 100) / 100;
}
