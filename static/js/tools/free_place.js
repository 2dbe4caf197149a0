// Where something can stand on the sheet without hiding a piece of the signal or a name. Pure; in mm, y down.

const BIN_MM = 1;

/**
 * The first place from the left where a box of this size lies on nothing: along the upper edge, else the lower one.
 *
 * @param {object} ground @param {{left: number, right: number, top: number, bottom: number}[]} names
 * @returns {{x: number, y: number} | null} its upper left corner
 */
export function freePlace(ground, names, { width, height }) {
  const { widthMm, heightMm } = ground.sheet;
  for (const top of [0, heightMm - height]) {
    const taken = takenBins(ground, names, { top, bottom: top + height });
    const x = firstGap(taken, Math.ceil(width / BIN_MM));
    if (x !== null && x * BIN_MM + width <= widthMm) return { x: x * BIN_MM, y: top };
  }
  return null;
}

function takenBins(ground, names, { top, bottom }) {
  const { sheet } = ground;
  const taken = new Uint8Array(Math.ceil(sheet.widthMm / BIN_MM));
  const take = (from, to) => taken.fill(1, Math.max(0, Math.floor(from / BIN_MM)), Math.ceil(to / BIN_MM));
  for (const name of names) if (name.top < bottom && name.bottom > top) take(name.left, name.right);
  for (const { xMm, yMm } of sheet.pulses) {
    const heights = yMm.map((y) => sheet.heightMm - y);
    if (Math.min(...heights) < bottom && Math.max(...heights) > top) take(Math.min(...xMm), Math.max(...xMm));
  }
  for (const cell of sheet.cells) takeWaves(ground, cell, { top, bottom }, take);
  return taken;
}

/** A stroke between two samples takes all it passes through. */
function takeWaves(ground, cell, { top, bottom }, take) {
  const rate = ground.signal.samplingRateHz;
  let before = null;
  for (let t = Math.ceil(cell.startS * rate - 1e-6); t < cell.endS * rate - 1e-6; t += 1) {
    const millivolts = ground.drawnMillivolts(cell, t / rate);
    const at = millivolts === null ? null : ground.placeOf(cell, t / rate, millivolts);
    if (at && Math.min(at.y, before?.y ?? at.y) < bottom && Math.max(at.y, before?.y ?? at.y) > top)
      take(at.x - 1, at.x + 1);
    before = at;
  }
}

function firstGap(taken, width) {
  let run = 0;
  for (let bin = 0; bin < taken.length; bin += 1) {
    run = taken[bin] ? 0 : run + 1;
    if (run >= width) return bin - width + 1;
  }
  return null;
}
