const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** The y of the points of order 1, 2, 4 and 8 (RFC 7748 section 7; X25519's list, mapped): anybody could sign for these. */
const ofSmallOrder = new Set([
  1n,
  p - 1n,
  0n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/**
 * Are these 32 bytes a public key of Ed25519 (RFC 8032 section 5.1.3) with which only its owner can sign? Importing a key
 * doesn't ask that: a point that is none would never verify, and one of small order verifies what anybody makes up.
 */
export const isEd25519PublicKey = (bytes: Uint8Array): boolean => {
  if (bytes.length !== 32) return false;
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`) & (2n ** 255n - 1n);
  if (y >= p || ofSmallOrder.has(y)) return false;
  const u = (y * y + p - 1n) % p;
  const v = (d * y * y + 1n) % p;
  // Euler's criterion: x² = u / v has a solution when u·v is a square.
  return power((u * v) % p, (p - 1n) / 2n) === 1n;
};

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
};
