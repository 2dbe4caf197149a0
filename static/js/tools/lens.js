// Where the lens looks: at what lies under it, or at the nearest wave where nothing does. Pure; in mm, y down.

/** So much of the nearest wave is in view, and not its edge alone. */
const SHOWN_MM = 3;

/**
 * How high the middle of a lens at `x`, `y` looks: at `y` where there is something to see in it, else as little
 * beside it as brings the nearest row into view.
 *
 * @param {object} ground @param {{x: number, y: number}} at @param {{width: number, height: number}} view what the lens shows
 */
export function lookAt(ground, { x, y }, { width, height }) {
  const reach = Math.max(0, height / 2 - SHOWN_MM);
  const spans = ground.sheet.cells
    .filter(({ leftMm, rightMm }) => rightMm > x - width / 2 && leftMm < x + width / 2)
    .map((cell) => spanOf(ground, cell, x - width / 2, x + width / 2));
  const ways = spans.map(({ top, bottom }) => Math.min(Math.max(y, top - reach), bottom + reach));
  return ways.length > 0
    ? ways.reduce((best, way) => (Math.abs(way - y) < Math.abs(best - y) ? way : best))
    : y;
}

/** How high and how low the trace of `cell` goes from `leftMm` to `rightMm`; its baseline where nothing is recorded. */
function spanOf(ground, cell, leftMm, rightMm) {
  const rate = ground.signal.samplingRateHz;
  const [from, to] = [Math.max(leftMm, cell.leftMm), Math.min(rightMm, cell.rightMm)].map((mm) =>
    ground.secondsAt(cell, mm),
  );
  let [top, bottom] = [Infinity, -Infinity];
  for (let t = Math.round(from * rate); t <= Math.round(to * rate); t += 1) {
    const { y } = ground.placeOf(cell, t / rate, ground.drawnMillivolts(cell, t / rate) ?? 0);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { top, bottom };
}
