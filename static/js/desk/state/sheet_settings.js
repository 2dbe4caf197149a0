// Sheet settings: the choices, restoring them on the next visit, and describing them in words. Pure.

import { DEFAULT_SETTINGS, GAINS_MM_PER_MV, RHYTHMS, SPEEDS_MM_PER_S } from "../../ecg/layout.js";
import { magnification } from "../../ecg/screen.js";

/** @import { SheetSettings, SheetView } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */

/**
 * @typedef {object} Settings as stored on the device
 * @property {string} layout
 * @property {boolean} isCabrera
 * @property {boolean} isActualSize
 * @property {number} speedMmPerS
 * @property {number} gainMmPerMv
 */

/**
 * All layouts in one list: 3 × 4 with each choice of rhythm strips, then 6 × 2 and 12 × 1.
 *
 * @type {Readonly<Record<string, Pick<SheetSettings, "arrangement" | "rhythm">>>}
 */
const LAYOUTS = Object.freeze({
  ...Object.fromEntries(
    RHYTHMS.map((rhythm) => [["3x4", ...rhythm].join("+"), { arrangement: "3x4", rhythm }]),
  ),
  "6x2": { arrangement: "6x2", rhythm: [] },
  "12x1": { arrangement: "12x1", rhythm: [] },
});

/** @type {Readonly<Settings>} */
const DEFAULTS = Object.freeze({
  layout: "3x4+II",
  isCabrera: false,
  isActualSize: false,
  speedMmPerS: DEFAULT_SETTINGS.speedMmPerS,
  gainMmPerMv: DEFAULT_SETTINGS.gainMmPerMv,
});

/** @type {Record<keyof Settings, readonly (string | number | boolean | undefined)[]>} */
const CHOICES = {
  layout: Object.keys(LAYOUTS),
  speedMmPerS: SPEEDS_MM_PER_S,
  gainMmPerMv: GAINS_MM_PER_MV,
  isCabrera: [true, false],
  isActualSize: [true, false],
};

/**
 * Restore stored settings. Values that are missing or no longer available become the defaults.
 *
 * @param {(Partial<Settings> & {isLifeSize?: boolean}) | null} stored earlier versions stored `isActualSize`
 *   as `isLifeSize`
 * @returns {Settings}
 */
export function restore(stored) {
  /** @type {Record<string, string | number | boolean | undefined>} */
  const values = { isActualSize: stored?.isLifeSize, ...stored };
  const available = Object.entries(CHOICES).filter(([name, choices]) => choices.includes(values[name]));
  return { ...DEFAULTS, ...Object.fromEntries(available.map(([name]) => [name, values[name]])) };
}

/**
 * Convert `settings` to those of the viewer.
 *
 * @param {Settings} settings
 * @returns {Partial<SheetSettings>}
 */
export function forViewer({ layout, isCabrera, speedMmPerS, gainMmPerMv }) {
  return { ...LAYOUTS[layout], order: isCabrera ? "cabrera" : "standard", speedMmPerS, gainMmPerMv };
}

/**
 * Describe speed, gain, filter and sampling rate, and say if the sheet is a preview or a wave is cut off.
 *
 * @param {Pick<SheetView, "sheet" | "signal">} view
 * @param {Words} words
 */
export function settingsLine({ sheet, signal }, words) {
  const isUnfiltered = sheet.filter === "off";
  const isRaw = isUnfiltered && !signal.exchanged;
  const line = words("settings", {
    speed: sheet.speedMmPerS,
    gain: sheet.gainMmPerMv,
    filter: words(`filter-${isRaw ? "off" : isUnfiltered ? "none" : sheet.filter}`),
    rate: Math.round(signal.samplingRateHz),
  });
  const preview = signal.exchanged && words("lead-reversal-undone", { name: signal.exchanged });
  return [preview, line, sheet.isCut && words("sheet-cut")].filter(Boolean).join(" · ");
}

/**
 * Describe the size of the sheet on this screen. It is doubtful if only another screen was calibrated.
 *
 * @param {Pick<SheetView, "scale">} view
 * @param {{pxPerMm: number | null, isChanged: boolean}} screen
 * @param {Words} words
 */
export function sizeLine({ scale }, { pxPerMm, isChanged }, words) {
  const factor = magnification(scale, pxPerMm);
  const size =
    factor === null
      ? words(isChanged ? "screen-changed" : "screen-unmeasured")
      : Math.abs(factor - 1) < 0.005
        ? words("actual-size")
        : words("actual-size-factor", { factor: factor.toFixed(2) });
  return {
    text: `${words("sheet-scale", { scale: scale.toFixed(1) })} · ${size}`,
    isDoubtful: factor === null && isChanged,
  };
}
