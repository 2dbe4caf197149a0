import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, decoded, encoded, text, withoutPassword } from "../../static/js/passkeys.js";

const ODD = Uint8Array.from([251, 255, 254, 0, 62]);

test("bytes are encoded as base64url without padding", () => {
  assert.equal(text(ODD), "-__-AD4");
  assert.deepEqual(bytes("-__-AD4"), ODD);
});

test("server options become bytes where the browser expects them", () => {
  const options = decoded({
    publicKey: {
      challenge: "-__-AD4",
      user: { id: "AQ", name: "ana" },
      excludeCredentials: [{ id: "Ag", type: "public-key" }],
    },
  });
  assert.deepEqual(options.challenge, ODD);
  assert.deepEqual(options.user, { id: Uint8Array.of(1), name: "ana" });
  assert.deepEqual(options.excludeCredentials[0].id, Uint8Array.of(2));
  assert.ok(!("allowCredentials" in options));
});

test("the device's answer becomes text where the server expects it", () => {
  const answer = encoded({
    id: "one",
    rawId: ODD.buffer,
    type: "public-key",
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
    response: { clientDataJSON: ODD.buffer, signature: ODD.buffer, userHandle: null },
  });
  assert.equal(answer.rawId, "-__-AD4");
  assert.deepEqual(answer.response, { clientDataJSON: "-__-AD4", signature: "-__-AD4" });
  assert.deepEqual(answer.clientExtensionResults, { credProps: { rk: true } });
});

test("a passkey without a password asks for a fingerprint or PIN", () => {
  const { authenticatorSelection } = withoutPassword({ authenticatorSelection: {} }, true);
  assert.deepEqual(authenticatorSelection, {
    residentKey: "required",
    requireResidentKey: true,
    userVerification: "required",
  });
});

test("a passkey used with a password need not be discoverable", () => {
  const { authenticatorSelection } = withoutPassword(
    { authenticatorSelection: { userVerification: "preferred" } },
    false,
  );
  assert.deepEqual(authenticatorSelection, {
    residentKey: "discouraged",
    requireResidentKey: false,
    userVerification: "preferred",
  });
});
