// Shared shapes of the ECG modules, for the type checker. Lengths are in millimeters, times in seconds.

/**
 * @typedef {object} Signal
 * @property {number} samplingRateHz
 * @property {number} microvoltsPerLsb
 * @property {number} nSamples
 * @property {Uint8Array} status per lead, one of `Status`
 * @property {Int16Array[]} leads in the order of `LEADS`
 * @property {string} [exchanged] the lead reversal undone in this preview, as named in the menu
 */

/**
 * @typedef {object} SheetSettings
 * @property {string} arrangement a key of `ARRANGEMENTS`
 * @property {readonly string[]} rhythm leads repeated over the whole width below the 3 × 4 grid
 * @property {string} order a key of `ORDERS`
 * @property {number} speedMmPerS
 * @property {number} gainMmPerMv
 * @property {string} filter one of `FILTERS`
 */

/**
 * One lead segment on a sheet.
 *
 * @typedef {object} Cell
 * @property {string} name as printed
 * @property {number} row
 * @property {number} lead index in `LEADS`
 * @property {number} [sign] -1 when drawn upside down
 * @property {number} leftMm
 * @property {number} rightMm
 * @property {number} baselineMm above the lower edge of the paper
 * @property {number} startS
 * @property {number} endS
 */

/** @typedef {{xMm: number[], yMm: number[]}} Polyline */

/** @typedef {{startS: number, endS: number, pages: number}} TimeWindow the part of a recording on one page */

/** @typedef {{widthMm: number, heightMm: number}} Size */

/** @typedef {{x: number, y: number}} Point in the overlay: from the upper left corner, y down */

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box in the overlay */

/**
 * @typedef {object} SheetShape
 * @property {string} arrangement
 * @property {string} order
 * @property {string} filter
 * @property {boolean} isClose rows are so close that lead names go into the gutter
 * @property {TimeWindow} window
 * @property {number} speedMmPerS
 * @property {number} gainMmPerMv
 * @property {Cell[]} cells
 * @property {Polyline[]} pulses calibration pulses
 * @property {boolean} [isCut] a wave is cut off at the edge even with paper added
 */

/** @typedef {Size & SheetShape} Sheet */

/**
 * What the viewer currently shows; the detail of its "sheet" event.
 *
 * @typedef {object} SheetView
 * @property {string} key
 * @property {Sheet} sheet
 * @property {number} scale CSS pixels per millimeter
 * @property {Signal} signal as drawn, after filters and swaps
 * @property {Signal} raw as recorded
 */

/** @typedef {Record<string, any>} PlotlyObject a trace or layout in Plotly's own format */

/** @typedef {{data: PlotlyObject[], layout: PlotlyObject}} Figure */

export {};
