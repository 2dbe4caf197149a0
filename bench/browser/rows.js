// 3 x 4 and a rhythm strip as four rows, for peers that do not know leads.

const ROWS = [
  [0, 3, 6, 9],
  [1, 4, 7, 10],
  [2, 5, 8, 11],
  [1, 1, 1, 1],
];

/** Heights of the four rows over the whole exam, in mV above the lowest row: `rows[row][sample]`. */
export function rowsOf({ leads, nSamples, microvoltsPerLsb }) {
  return ROWS.map((columns, row) => {
    const height = new Float64Array(nSamples);
    columns.forEach((lead, column) => {
      const [from, to] = [column, column + 1].map((place) => Math.round((place * nSamples) / 4));
      for (let t = from; t < to; t += 1)
        height[t] = (3 - row) * 4 + (leads[lead][t] * microvoltsPerLsb) / 1000;
    });
    return height;
  });
}

/** The displayed range, in mV. */
export const RANGE_MV = [-1.5, 15];
