// How the sheet is set: what can be chosen, what of an earlier visit still holds, and how it is told in words. Pure.

import { DEFAULT_SETTINGS, GAINS_MM_PER_MV, RHYTHMS, SPEEDS_MM_PER_S } from "../../ecg/layout.js";
import { lifeSize } from "../../ecg/screen.js";

/** The layouts in one list: 3 × 4 with each choice of rhythm strips, then those whose leads run on anyway. */
const LAYOUTS = Object.freeze({
  ...Object.fromEntries(
    RHYTHMS.map((rhythm) => [["3x4", ...rhythm].join("+"), { arrangement: "3x4", rhythm }]),
  ),
  "6x2": { arrangement: "6x2", rhythm: [] },
  "12x1": { arrangement: "12x1", rhythm: [] },
});

const USUAL = Object.freeze({
  layout: "3x4+II",
  isCabrera: false,
  isLifeSize: false,
  speedMmPerS: DEFAULT_SETTINGS.speedMmPerS,
  gainMmPerMv: DEFAULT_SETTINGS.gainMmPerMv,
});

const CHOICES = {
  layout: Object.keys(LAYOUTS),
  speedMmPerS: SPEEDS_MM_PER_S,
  gainMmPerMv: GAINS_MM_PER_MV,
  isCabrera: [true, false],
  isLifeSize: [true, false],
};

/** The settings of an earlier visit, as far as they are still to be had; else the usual ones. */
export function restore(known) {
  return Object.fromEntries(
    Object.entries(CHOICES).map(([name, choices]) => [
      name,
      choices.includes(known?.[name]) ? known[name] : USUAL[name],
    ]),
  );
}

/** `settings` as the viewer takes them. */
export function forViewer({ layout, isCabrera, speedMmPerS, gainMmPerMv }) {
  return { ...LAYOUTS[layout], order: isCabrera ? "cabrera" : "standard", speedMmPerS, gainMmPerMv };
}

/** The line every ECG carries: speed, gain, filter, sampling – and whether it is a preview, or cut at the edge. */
export function settingsLine({ sheet, signal }, words) {
  const isUnfiltered = sheet.filter === "off";
  const isRaw = isUnfiltered && !signal.exchanged;
  const line = words("settings", {
    speed: sheet.speedMmPerS,
    gain: sheet.gainMmPerMv,
    filter: words(`filter-${isRaw ? "off" : isUnfiltered ? "none" : sheet.filter}`),
    rate: Math.round(signal.samplingRateHz),
  });
  const preview = signal.exchanged && words("electrodes-exchanged", { name: signal.exchanged });
  return [preview, line, sheet.isCut && words("sheet-cut")].filter(Boolean).join(" · ");
}

/** How large the sheet is on this screen: `{text, isDoubtful}`; doubtful when another screen was measured. */
export function sizeLine({ scale }, { pxPerMm, isChanged }, words) {
  const factor = lifeSize(scale, pxPerMm);
  const size =
    factor === null
      ? words(isChanged ? "screen-changed" : "screen-unmeasured")
      : Math.abs(factor - 1) < 0.005
        ? words("life-size")
        : words("life-size-factor", { factor: factor.toFixed(2) });
  return {
    text: `${words("sheet-scale", { scale: scale.toFixed(1) })} · ${size}`,
    isDoubtful: factor === null && isChanged,
  };
}
