import { strFromU8, unzipSync } from "fflate";
import type { JSONWebKeySet } from "jose";
import * as z from "zod";
import { type Digest, digestOfBytes } from "../domain/canonical.ts";
import { chainFault, type Link, linkFault, type ReferralEvent } from "../domain/event-chain.ts";
import { type EvidenceClaims, verifyEvidence } from "../keys/evidence.ts";
import { type PackClaims, verifyPackSignature } from "../keys/evidence-pack.ts";
import { type Manifest, manifestSchema } from "./pack.ts";

/** Bytes that an honest pack never comes near: an archive may say that a little unpacks to a lot. */
const largestUnpacked = 256 * 1024 * 1024;

export type VerifiedPack = { claims: PackClaims; ownKeys: boolean; findings: string[] };

/**
 * Verifies an evidence pack with nothing but the published key set: its signature, the digest of every file, every chain,
 * and that each receipt and certificate in it speaks of an event and of a version of the record that are in it too.
 * @param published the keys that the exchange publishes; without them those in the pack, whose word for it that is
 * @throws Error that says what is wrong
 */
export const verifyPack = async (archive: Uint8Array, published?: JSONWebKeySet): Promise<VerifiedPack> => {
  const files = unpacked(archive);
  const keys = published ?? (jsonOf(files, "jwks.json") as JSONWebKeySet);
  const claims = await verifyPackSignature(textOf(files, "manifest.jws"), keys);
  const manifest = checkFiles(files, claims);
  const chains = z
    .object({ chains: z.array(z.object({ subject: z.string(), events: z.array(z.unknown()) })) })
    .parse(jsonOf(files, "events.json")).chains as Chain[];
  return {
    claims,
    ownKeys: published === undefined,
    findings: [
      `${manifest.files.length} files are as they were signed`,
      ...chains.map(checkChain),
      ...checkWhole(chains, claims),
      ...(await checkEvidence(files, chains, keys)),
      ...checkRecords(files, chains),
    ],
  };
};

type Files = ReadonlyMap<string, Uint8Array>;
type Chain = { subject: string; events: (Link & ReferralEvent)[] };

const unpacked = (archive: Uint8Array): Files => {
  let size = 0;
  const entries = unzipSync(archive, {
    filter: ({ originalSize }) => {
      size += originalSize;
      if (size > largestUnpacked) throw new Error("The archive unpacks to more than any pack.");
      return true;
    },
  });
  return new Map(Object.entries(entries));
};

const bytesOf = (files: Files, name: string): Uint8Array => {
  const bytes = files.get(name);
  if (!bytes) throw new Error(`${name} is missing.`);
  return bytes;
};
const textOf = (files: Files, name: string): string => strFromU8(bytesOf(files, name));
const jsonOf = (files: Files, name: string): unknown => JSON.parse(textOf(files, name));

const checkFiles = (files: Files, claims: PackClaims): Manifest => {
  if (digestOfBytes(bytesOf(files, "manifest.json")) !== claims.manifestDigest)
    throw new Error("manifest.json is not the one that was signed.");
  const manifest = manifestSchema.parse(jsonOf(files, "manifest.json"));
  if (manifest.subject !== claims.subject || manifest.issuer !== claims.iss || manifest.madeAt !== claims.at)
    throw new Error("The manifest is of another pack than the signature.");
  for (const { name, digest } of manifest.files) {
    if (digestOfBytes(bytesOf(files, name)) !== digest) throw new Error(`${name} was altered.`);
  }
  const known = new Set([...manifest.files.map(({ name }) => name), "manifest.json", "manifest.jws"]);
  const stranger = [...files.keys()].find((name) => !known.has(name));
  if (stranger !== undefined) throw new Error(`${stranger} is not in the manifest.`);
  return manifest;
};

const idOf = (subject: string): string => subject.slice(subject.indexOf("#") + 1);
const isOfReferral = ({ subject }: Chain): boolean => subject.startsWith("referral#");

const checkChain = (chain: Chain): string => {
  const { subject, events } = chain;
  const fault = isOfReferral(chain) ? chainFault(events) : linkFault(events);
  if (fault) throw new Error(`The trail of ${subject} is broken at event ${fault.sequence} (${fault.fault}).`);
  const isAnothers = events.some((event) =>
    isOfReferral(chain)
      ? event.referralId !== idOf(subject)
      : (event as unknown as { subject: string }).subject !== subject,
  );
  if (isAnothers) throw new Error(`The trail of ${subject} holds an event of another.`);
  return `The trail of ${subject} holds: ${events.length} event${events.length === 1 ? "" : "s"}`;
};

/** The pack's own subject is told of, from its first event. */
const checkWhole = (chains: readonly Chain[], { subject }: PackClaims): string[] => {
  if (!chains.some((chain) => chain.subject === subject)) throw new Error(`The trail of ${subject} is missing.`);
  return [];
};

const newestDigest = (events: readonly ReferralEvent[]): string | undefined =>
  events.findLast(({ type }) => type === "referral.submitted" || type === "referral.record-corrected")?.details
    .payloadDigest;

const checkEvidence = async (files: Files, chains: readonly Chain[], keys: JSONWebKeySet): Promise<string[]> => {
  const names = [...files.keys()].filter((name) => /^(receipt|certificate)(-[0-9a-f-]+)?\.jws$/.test(name));
  return Promise.all(
    names.map(async (name) => {
      const claims = await verifyEvidence(textOf(files, name), keys);
      const { events } = chains.find(({ subject }) => subject === `referral#${claims.referralId}`) ?? { events: [] };
      const event = events.find(({ hash }) => hash === claims.eventHash);
      if (!event) throw new Error(`${name} speaks of an event that the trail does not hold.`);
      if (newestDigest(events.slice(0, event.sequence)) !== claims.payloadDigest)
        throw new Error(`${name} does not speak of the record as it stood at event ${event.sequence}.`);
      return `${describe(claims)}, event ${event.sequence} (${event.type}), record ${versionOf(files, claims)}`;
    }),
  );
};

const describe = ({ kind, by, at }: EvidenceClaims): string =>
  `The ${kind === "receipt" ? "receipt" : "removal certificate"} verifies: ${by.name} (${by.contactId}) at ${at}`;

const recordName = /^record-(\d+)\.json$/;

/** Which version of the record in the pack it covers; of another referral than the pack's there is none here. */
const versionOf = (files: Files, { payloadDigest }: EvidenceClaims): string => {
  const found = versionsIn(files).find(({ digest }) => digest === payloadDigest);
  return found ? `version ${found.version}` : payloadDigest;
};

const versionsIn = (files: Files): { version: number; digest: Digest }[] =>
  [...files]
    .flatMap(([name, bytes]) => {
      const version = recordName.exec(name)?.[1];
      return version === undefined ? [] : [{ version: Number(version), digest: digestOfBytes(bytes) }];
    })
    .sort((one, other) => one.version - other.version);

/** Every version that the trail tells of is there, and is the one that it tells of. */
const checkRecords = (files: Files, chains: readonly Chain[]): string[] => {
  const versions = versionsIn(files);
  const chain = chains.find(isOfReferral);
  if (versions.length === 0 || !chain) return [];
  const told = chain.events
    .filter(({ type }) => type === "referral.submitted" || type === "referral.record-corrected")
    .map(({ details }) => details.payloadDigest);
  const differs = told.findIndex((digest, index) => versions[index]?.digest !== digest);
  if (differs !== -1 || versions.length !== told.length)
    throw new Error(`record-${differs === -1 ? told.length + 1 : differs + 1}.json is not what the trail tells of.`);
  return [
    `${versions.length === 1 ? "The record is" : `${versions.length} versions of the record are`} those of the trail`,
  ];
};
