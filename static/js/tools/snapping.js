// Where a leg of the voltage calipers comes to rest: on a peak, a nadir, an edge of the QRS or the baseline when one is
// near, and else where it was put. Pure.

/** So near a leg has to be, in mm of the paper. */
export const NEAR_MM = Object.freeze({ point: 2, baseline: 1 });

/** A peak is the highest of what lies so far to both sides of it … */
const PEAK_S = 0.04;

/** … and rises so far above the lowest place within this time on either side. */
const RISE_MV = 0.05;
const RISE_S = 0.08;

/**
 * The leg for the place `at` (mm in the overlay) of `cell`.
 *
 * @returns {{seconds: number, millivolts: number}} millivolts above the baseline as drawn
 */
export function legNear(ground, cell, at) {
  const free = ground.legAt(cell, at);
  const point = pointNear(ground, cell, at);
  const level = ground.restingMillivolts(cell, free.seconds);
  const off = level === null ? Infinity : Math.abs(level - free.millivolts) * ground.sheet.gainMmPerMv;
  if (point && (point.offMm <= off || off > NEAR_MM.baseline)) return point.leg;
  return off <= NEAR_MM.baseline ? { ...free, millivolts: level } : free;
}

/** The nearest peak, nadir or edge of a QRS within reach of `at`: `{leg, offMm}`, or null. */
export function pointNear(ground, cell, at) {
  const rate = ground.signal.samplingRateHz;
  const { seconds } = ground.legAt(cell, at);
  const reach = Math.ceil((NEAR_MM.point / ground.sheet.speedMmPerS) * rate);
  const middle = Math.round(seconds * rate);
  const edges = new Set(ground.edges.flatMap(({ onset, end }) => [onset, end]));
  let best = null;
  for (let t = middle - reach; t <= middle + reach; t += 1) {
    if (ground.snappedIn(cell, t / rate) !== t / rate) continue; // the cell does not show it
    if (!edges.has(t) && !isTurn(ground, cell, t)) continue;
    const millivolts = ground.drawnMillivolts(cell, t / rate);
    if (millivolts === null) continue;
    const place = ground.placeOf(cell, t / rate, millivolts);
    const offMm = Math.hypot(place.x - at.x, place.y - at.y);
    if (offMm <= NEAR_MM.point && (best === null || offMm < best.offMm))
      best = { leg: { seconds: t / rate, millivolts }, offMm };
  }
  return best;
}

/** Is the sample `t` a peak or a nadir that an eye would see? */
function isTurn(ground, cell, t) {
  const rate = ground.signal.samplingRateHz;
  const value = (at) => ground.drawnMillivolts(cell, at / rate);
  const here = value(t);
  if (here === null) return false;
  const [near, far] = [PEAK_S, RISE_S].map((seconds) => Math.max(1, Math.round(seconds * rate)));
  const around = (step, reach) =>
    Array.from({ length: reach }, (_, i) => value(t + step * (i + 1))).filter((one) => one !== null);
  return [1, -1].some((sign) => {
    const isHighest = [-1, 1].every((step) =>
      around(step, near).every((one) => sign * (here - one) >= (step < 0 ? 1e-12 : 0)),
    );
    return (
      isHighest && [-1, 1].every((step) => around(step, far).some((one) => sign * (here - one) >= RISE_MV))
    );
  });
}
