import {
  begins,
  type NewAuthority,
  type registerReorganisation as route,
} from "../../shared/contract/reorganisations.ts";
import { isOfficialAddress } from "../../shared/domain/contacts.ts";
import { type BodyFault, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland, dayAfter, dayBefore } from "../../shared/domain/working-days.ts";
import type { Call } from "../../shared/http/call.ts";
import { type Authority, existsOn } from "../../shared/store/directory.ts";

type Body = Call<typeof route>["body"];

/** What stands in the list about a reorganisation that somebody wants to register. */
export type Found = { authorities: ReadonlyMap<string, Authority>; officialDomains: readonly string[]; now: string };

/** What is to be done: who ends, which of the successors are there and which begin. */
export type Plan = { predecessor: Authority; present: Authority[]; beginning: NewAuthority[] };

/**
 * Everything that must be true of a reorganisation, all faults at once.
 * @throws Refusal `validation-failed`
 */
export const acceptableReorganisation = (body: Body, found: Found): Plan => {
  const predecessor = found.authorities.get(body.predecessor);
  const codes = body.successors.map(({ code }) => code);
  const faults = [
    ...dateFaults(body, found),
    ...predecessorFaults(body, predecessor, found),
    ...body.successors.flatMap((successor, index) => {
      const at = `/successors/${index}`;
      const twice = codes.indexOf(successor.code) !== index || successor.code === body.predecessor;
      if (twice) return [{ pointer: `${at}/code`, detail: "is named twice" }];
      return begins(successor)
        ? beginningFaults(at, successor, body, found)
        : presentFaults(`${at}/code`, found.authorities.get(successor.code), body);
    }),
    ...(codes.includes(body.remainderTo) ? [] : [{ pointer: "/remainderTo", detail: "is not one of the successors" }]),
  ];
  if (!predecessor || faults.length > 0) throw validationFailed(faults);
  return {
    predecessor,
    present: body.successors.flatMap((each) => (begins(each) ? [] : (found.authorities.get(each.code) ?? []))),
    beginning: body.successors.filter(begins),
  };
};

/** So that nobody's referral is under way to an authority whose end was not known when it was decided on. */
const dateFaults = ({ effectiveOn }: Body, { now }: Found): BodyFault[] =>
  effectiveOn >= dayAfter(dateInEngland(now))
    ? []
    : [{ pointer: "/effectiveOn", detail: "is not in the future: tomorrow in England is the earliest" }];

const predecessorFaults = (
  { effectiveOn }: Body,
  predecessor: Authority | undefined,
  { authorities }: Found,
): BodyFault[] => {
  const fault = (detail: string) => [{ pointer: "/predecessor", detail }];
  if (predecessor?.nation !== "England") return fault("is not the DfE number of a local authority in England");
  const lastDay = dayBefore(effectiveOn);
  if (predecessor.effectiveTo !== null) return fault("has ended or is to end already");
  if (predecessor.effectiveFrom > lastDay) return fault("does not exist before that day");
  const takesOver = predecessor.predecessors.some((code) => (authorities.get(code)?.effectiveTo ?? "") >= lastDay);
  return takesOver ? fault("takes over from another authority on that day or later") : [];
};

const presentFaults = (pointer: string, successor: Authority | undefined, { effectiveOn }: Body): BodyFault[] => {
  if (successor?.nation !== "England") {
    return [{ pointer, detail: "is not the DfE number of a local authority in England, and is not described either" }];
  }
  return existsOn(successor, effectiveOn)
    ? []
    : [{ pointer, detail: "is an authority that is not in effect on that day" }];
};

const beginningFaults = (
  at: string,
  { code, gssCode, neighbours, contacts }: NewAuthority,
  { predecessor, successors, effectiveOn }: Body,
  { authorities, officialDomains }: Found,
): BodyFault[] => {
  const bearer = [...authorities.values()].find((each) => each.gssCode === gssCode && existsOn(each, effectiveOn));
  const twin = successors.find((each) => each.code !== code && each.gssCode === gssCode);
  const known = (each: string) => authorities.has(each) || successors.some((other) => other.code === each);
  return [
    ...(authorities.has(code) ? [{ pointer: `${at}/code`, detail: "is an authority that is there already" }] : []),
    ...((bearer && bearer.code !== predecessor) || twin
      ? [{ pointer: `${at}/gssCode`, detail: "is another authority's on that day" }]
      : []),
    ...neighbours.flatMap((each, index) =>
      known(each) && each !== predecessor && each !== code
        ? []
        : [{ pointer: `${at}/neighbours/${index}`, detail: "is not another authority that is there on that day" }],
    ),
    ...contacts.flatMap(({ email }, index) =>
      isOfficialAddress(email, officialDomains)
        ? []
        : [
            {
              pointer: `${at}/contacts/${index}/email`,
              detail: "is not at one of the official domains of GET /v1/contact-list/email-domains",
            },
          ],
    ),
  ];
};
