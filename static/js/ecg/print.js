// The sheet on a page of A4. Pure; in millimetres.

/** A4 lying on its side, what no printer reaches, and the line that says whose ECG it is and how it is drawn. */
const PAGE = Object.freeze({ widthMm: 297, heightMm: 210, sideMm: 6, topMm: 5, headMm: 9, footMm: 5 });

/** The part of its true size at which `sheet` fits the page: 1 when it does as it is. */
export function printShare({ widthMm, heightMm }) {
  const room = {
    widthMm: PAGE.widthMm - 2 * PAGE.sideMm,
    heightMm: PAGE.heightMm - PAGE.topMm - PAGE.headMm - PAGE.footMm,
  };
  // Whole per cents, rounded down: a number that can be told.
  return Math.floor(Math.min(1, room.widthMm / widthMm, room.heightMm / heightMm) * 100) / 100;
}
