// Finds the parts of the sheet that no wave crosses. Pure; in millimeters, y up.

/** @typedef {{first: number, low: Float32Array, high: Float32Array}} Line the height of a line in
 *   each column; the first column has the index `first` */

/**
 * Column width. Fine enough to place a name beside a QRS, coarse enough to be fast: 500 columns in 250 mm.
 */
const BIN_MM = 0.5;

/** The lowest and highest point of each drawn line, in narrow columns. */
export class Envelope {
  /** @type {Line[]} */
  #lines = [];

  /**
   * Add the polyline with the points `x0 + i·dx`, `y[i]`. NaN interrupts it.
   *
   * @param {{x0: number, dx: number, y: ArrayLike<number>}} samples
   */
  addSamples({ x0, dx, y }) {
    if (y.length === 0) return;
    const line = this.#line(x0, x0 + dx * (y.length - 1));
    let before = 0;
    for (let i = 0; i < y.length; i += 1) {
      const bin = Math.floor((x0 + i * dx) / BIN_MM) - line.first;
      // The stroke from the previous sample crosses every column in between.
      for (let column = before; column <= bin; column += 1) {
        extend(line, column, y[i]);
        if (i > 0) extend(line, column, y[i - 1]);
      }
      before = bin;
    }
    this.#lines.push(line);
  }

  /** @param {{x0: number, x1: number, y0: number, y1: number}} box */
  addBox({ x0, x1, y0, y1 }) {
    const line = this.#line(x0, x1);
    line.low.fill(y0);
    line.high.fill(y1);
    this.#lines.push(line);
  }

  /**
   * @param {number} x0
   * @param {number} x1
   */
  #line(x0, x1) {
    const first = Math.floor(x0 / BIN_MM);
    const size = Math.floor(x1 / BIN_MM) - first + 1;
    return {
      first,
      low: new Float32Array(size).fill(Infinity),
      high: new Float32Array(size).fill(-Infinity),
    };
  }

  /**
   * Return the number of columns of the box that a line or another box crosses. 0 means the box is free.
   *
   * @param {{x0: number, x1: number, y0: number, y1: number}} box
   */
  crossings({ x0, x1, y0, y1 }) {
    let crossed = 0;
    for (let column = Math.floor(x0 / BIN_MM); column <= Math.floor(x1 / BIN_MM); column += 1) {
      const isCrossed = this.#lines.some(({ first, low, high }) => {
        const bin = column - first;
        return bin >= 0 && bin < low.length && low[bin] <= y1 && high[bin] >= y0;
      });
      if (isCrossed) crossed += 1;
    }
    return crossed;
  }

  /**
   * Return the lowest and highest point between `x0` and `x1` of all lines that come within `reachMm` of
   * height `y`. `y` itself counts as a point.
   *
   * @param {{x0: number, x1: number, y: number, reachMm: number}} span
   */
  extent({ x0, x1, y, reachMm }) {
    let [low, high] = [y, y];
    for (const line of this.#lines) {
      const from = Math.max(0, Math.floor(x0 / BIN_MM) - line.first);
      const to = Math.min(line.low.length - 1, Math.floor(x1 / BIN_MM) - line.first);
      for (let bin = from; bin <= to; bin += 1) {
        if (line.low[bin] > y + reachMm || line.high[bin] < y - reachMm) continue;
        if (line.low[bin] < low) low = line.low[bin];
        if (line.high[bin] > high) high = line.high[bin];
      }
    }
    return { low, high };
  }
}

/**
 * @param {Line} line
 * @param {number} bin
 * @param {number} height
 */
function extend(line, bin, height) {
  if (height < line.low[bin]) line.low[bin] = height;
  if (height > line.high[bin]) line.high[bin] = height;
}
