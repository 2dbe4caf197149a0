// What shows or justifies a finding: places on the sheet and measurements. Pure, like labels.js.
//
// A localisation is `{tracing, leads, from_s, to_s}`, a measurement
// `{kind: "interval" | "amplitude", tracing, lead, from_s, to_s, value, n_cycles?}` with value in ms or mV.

const MOST = 20;

const KINDS = new Set(["interval", "amplitude"]);

/** The evidence of a finding from outside; what has no shape is left out. */
export function restore({ localisations = [], measurements = [] }) {
  return {
    localisations: localisations.filter(isPlace).slice(0, MOST).map(place),
    measurements: measurements.filter(isMeasurement).slice(0, MOST).map(measured),
  };
}

/** `finding` with one more place; unchanged when it is known already or there are too many. */
export function withLocalisation(finding, localisation) {
  return withOneMore(finding, "localisations", place(localisation));
}

export function withMeasurement(finding, measurement) {
  return withOneMore(finding, "measurements", measured(measurement));
}

/** The same text for the same evidence, in whatever order it was given. */
export function fingerprint({ localisations = [], measurements = [] }) {
  const told = (list, tell) => list.map((one) => JSON.stringify(tell(one))).sort();
  return JSON.stringify([
    told(localisations, (one) => place({ ...one, leads: [...one.leads].sort() })),
    told(measurements, measured),
  ]);
}

function withOneMore(finding, kind, piece) {
  const known = finding[kind] ?? [];
  const text = JSON.stringify(piece);
  if (known.length >= MOST || known.some((one) => JSON.stringify(one) === text)) return finding;
  return { ...finding, [kind]: [...known, piece] };
}

function isPlace({ leads, from_s, to_s } = {}) {
  return Array.isArray(leads) && leads.length > 0 && Number.isFinite(from_s) && Number.isFinite(to_s);
}

function isMeasurement({ kind, from_s, to_s, value } = {}) {
  return KINDS.has(kind) && [from_s, to_s, value].every(Number.isFinite);
}

/** Always the same order of fields, and the decimals the server keeps. */
function place({ tracing = 1, leads, from_s, to_s }) {
  return Object.freeze({ tracing, leads: [...leads], ...stretch(from_s, to_s) });
}

function measured({ kind, lead = null, from_s, to_s, value, n_cycles = null, tracing = 1 }) {
  const one = { kind, tracing, lead, ...stretch(from_s, to_s), value: four(value) };
  return Object.freeze(n_cycles === null ? one : { ...one, n_cycles });
}

/** In order of time, as the server keeps it: a stretch may be drawn from its end. */
function stretch(from_s, to_s) {
  return { from_s: four(Math.min(from_s, to_s)), to_s: four(Math.max(from_s, to_s)) };
}

function four(number) {
  return Math.round(number * 1e4) / 1e4;
}
