// Passkeys: the form's button creates or uses a passkey on the device, then submits the result.
//
// <form data-passkey="make | use | sign-in" data-options="id of the JSON"> with a hidden field `credential`.

import { loadPasskeyOptions } from "./api.js";
import { embedded, find, findAll } from "./dom.js";

/**
 * Decode base64url, as used by the server.
 *
 * @param {string} text
 */
export function bytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Encode as base64url without padding.
 *
 * @param {ArrayBuffer} buffer
 */
export function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Convert the server's options: base64url strings become bytes where the browser expects them.
 *
 * @param {{publicKey: any}} options
 */
export function decoded({ publicKey }) {
  /** @param {{id: string}[]} list */
  const named = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  const user = publicKey.user && { ...publicKey.user, id: bytes(publicKey.user.id) };
  return {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    ...(user && { user }),
    ...(publicKey.excludeCredentials && { excludeCredentials: named(publicKey.excludeCredentials) }),
    ...(publicKey.allowCredentials && { allowCredentials: named(publicKey.allowCredentials) }),
  };
}

/**
 * Convert a credential to JSON: bytes become base64url strings.
 *
 * @param {any} credential a PublicKeyCredential
 */
export function encoded(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const held = parts.filter((part) => response[part]);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      ...Object.fromEntries(held.map((part) => [part, text(response[part])])),
      ...(response.getTransports && { transports: response.getTransports() }),
    },
  };
}

/**
 * Add the authenticator selection for a new passkey. A passkey for signing in without a password must be
 * discoverable and ask for a fingerprint or PIN.
 *
 * @param {any} options
 * @param {boolean} isRequired
 */
export function withoutPassword(options, isRequired) {
  const selection = isRequired
    ? { residentKey: "required", requireResidentKey: true, userVerification: "required" }
    : { residentKey: "discouraged", requireResidentKey: false };
  return { ...options, authenticatorSelection: { ...options.authenticatorSelection, ...selection } };
}

/** @type {Record<string, (form: HTMLFormElement) => Promise<Credential | null>>} */
const ACTIONS = {
  make: (form) => {
    const box = /** @type {HTMLInputElement | null} */ (form.elements.namedItem("passwordless"));
    const options = withoutPassword(decoded(embedded(form.dataset.options)), Boolean(box?.checked));
    return navigator.credentials.create({ publicKey: options });
  },
  use: (form) => navigator.credentials.get({ publicKey: decoded(embedded(form.dataset.options)) }),
  "sign-in": async (form) => {
    const { request_options: options } = await loadPasskeyOptions(form.getAttribute("action") ?? "");
    return navigator.credentials.get({ publicKey: decoded(options) });
  },
};

/** @param {HTMLFormElement} form */
function bind(form) {
  const problem = find(form, "[data-problem]");
  const field = find(form, "[name=credential]", HTMLInputElement);
  const act = ACTIONS[form.dataset.passkey ?? ""];
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      field.value = JSON.stringify(encoded(await act(form)));
      form.submit();
    } catch {
      // Canceled, timed out, no authenticator, or offline: one message for all of them.
      problem.hidden = false;
    }
  });
}

if (typeof document !== "undefined" && window.PublicKeyCredential) {
  findAll(document, "form[data-passkey]", HTMLFormElement).forEach(bind);
}
