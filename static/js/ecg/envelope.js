// Which parts of the sheet the waves leave free. Pure; in millimetres, y upwards.

/** Fine enough for a name beside a QRS, coarse enough to be quick: 500 columns for a sheet. */
const BIN_MM = 0.5;

/** What is drawn, as the lowest and highest point of each line in narrow columns. */
export class Envelope {
  #lines = [];

  /** Take in the polyline `x0 + i·dx`, `y[i]`; NaN breaks it. */
  addSamples({ x0, dx, y }) {
    if (y.length === 0) return;
    const line = this.#line(x0, x0 + dx * (y.length - 1));
    let before = 0;
    for (let i = 0; i < y.length; i += 1) {
      const bin = Math.floor((x0 + i * dx) / BIN_MM) - line.first;
      // The stroke from the sample before runs through every column between.
      for (let column = before; column <= bin; column += 1) {
        extend(line, column, y[i]);
        if (i > 0) extend(line, column, y[i - 1]);
      }
      before = bin;
    }
    this.#lines.push(line);
  }

  /** Take in the box from (`x0`, `y0`) to (`x1`, `y1`). */
  addBox({ x0, x1, y0, y1 }) {
    const line = this.#line(x0, x1);
    line.low.fill(y0);
    line.high.fill(y1);
    this.#lines.push(line);
  }

  #line(x0, x1) {
    const first = Math.floor(x0 / BIN_MM);
    const size = Math.floor(x1 / BIN_MM) - first + 1;
    return {
      first,
      low: new Float32Array(size).fill(Infinity),
      high: new Float32Array(size).fill(-Infinity),
    };
  }

  /** How many columns of the box are crossed by something: 0 when it is free. */
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

  /** The lowest and highest point drawn between `x0` and `x1` by lines that come within `reachMm` of height `y`. */
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

function extend(line, bin, height) {
  if (height < line.low[bin]) line.low[bin] = height;
  if (height > line.high[bin]) line.high[bin] = height;
}
