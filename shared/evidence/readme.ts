import type { PackSubject } from "./pack.ts";

/** What each file of a pack is, by the beginning of its name, in the order in which they are told. */
const meanings: readonly (readonly [prefix: string, meaning: string])[] = [
  ["referral", "the referral's summary as it stood when this pack was made"],
  ["entry", "the entry of the CME list as it stood when this pack was made"],
  ["events.json", "every event of every trail, in order: who did what, when, and on whose word"],
  ["receipt", "the signed receipt: a named contact of the recipient confirmed that the referral arrived"],
  ["certificate", "the signed removal certificate: why the sender might take the child's name off its list"],
  ["deadlines.json", "each deadline: when it was, whether it was kept, and by how many working days"],
  ["steps.json", "the steps of reasonable enquiry that were recorded, in the guidance's words, with their notes"],
  ["correspondence.json", "the questions and answers that the authorities wrote to each other"],
  ["notes.json", "what officers wrote with what they did; each bears the number of its event"],
  [
    "enquiries.json",
    "the enquiries made about the child to other authorities and to the exchange, those of others that the child matched, and what came of them",
  ],
  ["record", "the child's record; of a referral each version, in the very bytes of which the digests are made"],
  ["common-transfer-file.xml", "the common transfer file that came with the referral, as it was sent"],
  ["jwks.json", "the exchange's public keys for receipts, certificates and packs"],
];

/** What is in a pack and how to check it, for whoever has only the pack. */
export const readme = (subject: PackSubject, at: string, names: readonly string[]): string => {
  const [kind] = subject.split("#");
  const present = [...names, "jwks.json"];
  const files = meanings.flatMap(([prefix, meaning]) => {
    const found = present.filter((name) => name.startsWith(prefix));
    return found.length > 0 ? [`${found.join(", ")}\n    ${meaning}`] : [];
  });
  return `EVIDENCE PACK OF THE CME REFERRAL EXCHANGE

Of the ${kind} ${subject.slice(subject.indexOf("#") + 1)}, as it stood at ${at}.
That this pack was made is itself an event, the next after the last one in events.json.

IT HOLDS A CHILD'S PERSONAL DATA. Keep it as you keep the child's record, and never send it by email.

WHAT IS IN IT

${files.join("\n")}
manifest.json
    the name, the size and the SHA-256 digest of every file above and of this one
manifest.jws
    the exchange's signature: of the digest of manifest.json

HOW TO CHECK IT

With the exchange's own program, from its repository:

    npm run -s verify -- pack.zip jwks.json

jwks.json is what the exchange publishes at /.well-known/jwks.json. Without it the keys in the pack are used, and
then you must compare them with the published ones yourself.

With other programs:

1.  manifest.jws is a JSON Web Signature (RFC 7515, ES256). Verify it with the key of jwks.json that its header names
    (kid); its header's typ is cme-evidence-pack+jwt. Its payload's manifestDigest is "sha-256:" and the base64url of the
    SHA-256 of the bytes of manifest.json.
2.  The digest of each file in manifest.json is made in the same way of that file's bytes. There is no other file.
3.  Each chain in events.json is numbered from 1 without gaps. An event's hash is "sha-256:" and the base64url of the
    SHA-256 of its RFC 8785 canonical JSON without its hash; previousHash is the hash of the event before it.
4.  A receipt or certificate is a JSON Web Signature too, of typ cme-receipt+jwt or cme-removal+jwt. Its eventHash is the
    hash of the event with which it was issued. Its payloadDigest is the one that the newest event before that of type
    referral.submitted or referral.record-corrected has, and the digest of the record's version of that time.
`;
};
