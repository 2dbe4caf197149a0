// Making elements without writing HTML into strings, where a user's text could become markup.

/** A new element; attributes that are false, null or undefined are left out, true becomes "". */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The data that the server wrote into the page under `id`. */
export function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}
