// The tools make SVG as the sheet does.

export { set, svg } from "../svg.js";
