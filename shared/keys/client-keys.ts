import { calculateJwkThumbprint, importJWK } from "jose";
import type { ClientKey } from "../contract/client.ts";
import type { BodyFault } from "../domain/refusals.ts";
import { isEd25519PublicKey } from "./ed25519.ts";

/** The keys' thumbprints (RFC 7638), in their order, and what is wrong with them besides their shape. */
export type ExaminedKeys = { thumbprints: string[]; faults: BodyFault[] };

export const examineKeys = async (keys: readonly ClientKey[]): Promise<ExaminedKeys> => {
  const thumbprints = await Promise.all(keys.map((key) => calculateJwkThumbprint(key)));
  const sound = await Promise.all(keys.map(isSound));
  const kids = keys.map(({ kid }) => kid);
  const faults = keys.flatMap(({ kid }, index) => [
    ...(kids.indexOf(kid) < index ? [{ pointer: `/keys/${index}/kid`, detail: "is the kid of another key too" }] : []),
    ...(thumbprints.indexOf(thumbprints[index] ?? "") < index
      ? [{ pointer: `/keys/${index}`, detail: "is the same key as another" }]
      : []),
    ...(sound[index] ? [] : [{ pointer: `/keys/${index}`, detail: "is not a public key of its kind" }]),
  ]);
  return { thumbprints, faults };
};

/** Is it a point on its curve, or a modulus, that can be verified with or sealed to? */
const isSound = async (key: ClientKey): Promise<boolean> => {
  if (key.alg === "EdDSA" && !isEd25519PublicKey(Buffer.from(key.x, "base64url"))) return false;
  try {
    await importJWK(key, key.alg);
    return true;
  } catch {
    return false;
  }
};
