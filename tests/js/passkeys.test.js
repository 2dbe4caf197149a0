import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, decoded, encoded, text, withoutPassword } from "../../static/js/passkeys.js";

const ODD = Uint8Array.from([251, 255, 254, 0, 62]);

test("bytes travel as base64url without padding", () => {
  assert.equal(text(ODD), "-__-AD4");
  assert.deepEqual(bytes("-__-AD4"), ODD);
});

test("what the server offers becomes bytes where the browser wants them", () => {
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

test("what the device answers becomes text where the server wants it", () => {
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

test("a passkey that does without a password asks for a finger or PIN", () => {
  const { authenticatorSelection } = withoutPassword({ authenticatorSelection: {} }, true);
  assert.deepEqual(authenticatorSelection, {
    residentKey: "required",
    requireResidentKey: true,
    userVerification: "required",
  });
});

test("a passkey beside a password need not be found by the device", () => {
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
