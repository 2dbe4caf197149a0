// Passkeys: the device makes or uses one when the form's button is pressed, and the form carries its answer.
//
// <form data-passkey="make | use | sign-in" data-options="id of the JSON"> with a hidden field `credential`.

import { loadPasskeyOptions } from "./api.js";
import { embedded } from "./dom.js";

/** The bytes behind base64url, as the server writes them. */
export function bytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Bytes as base64url without padding. */
export function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What the server offers, with bytes where the browser wants them. */
export function decoded({ publicKey }) {
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

/** What the device answered, with text where the server wants it. */
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

/** A passkey that is to do without a password must be found by the device alone, and ask for a finger or PIN. */
export function withoutPassword(options, isWanted) {
  const asked = isWanted
    ? { residentKey: "required", requireResidentKey: true, userVerification: "required" }
    : { residentKey: "discouraged", requireResidentKey: false };
  return { ...options, authenticatorSelection: { ...options.authenticatorSelection, ...asked } };
}

const DEEDS = {
  make: (form) => {
    const options = withoutPassword(
      decoded(embedded(form.dataset.options)),
      form.elements.passwordless?.checked,
    );
    return navigator.credentials.create({ publicKey: options });
  },
  use: (form) => navigator.credentials.get({ publicKey: decoded(embedded(form.dataset.options)) }),
  "sign-in": async (form) => {
    const { request_options: options } = await loadPasskeyOptions(form.getAttribute("action"));
    return navigator.credentials.get({ publicKey: decoded(options) });
  },
};

function bind(form) {
  const problem = form.querySelector("[data-problem]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(encoded(await DEEDS[form.dataset.passkey](form)));
      form.submit();
    } catch {
      // Cancelled, timed out, no such device, no network: the person sees why on their device.
      problem.hidden = false;
    }
  });
}

if (typeof document !== "undefined" && window.PublicKeyCredential) {
  document.querySelectorAll("form[data-passkey]").forEach(bind);
}
