import * as z from "zod";
import { mostContacts } from "../domain/contacts.ts";
import { reorganisationStates } from "../domain/reorganisation.ts";
import { contactFacts } from "./contacts.ts";
import { listing, page } from "./listing.ts";
import {
  authorityCode,
  calendarDate,
  directoryCode,
  entryId,
  gssCode,
  instant,
  referralId,
  singleLine,
  uuidV7,
} from "./primitives.ts";
import { route } from "./route.ts";

const reading = { kind: "token", scope: "contacts:read", proof: "remembered" } as const;
const administering = { kind: "token", scope: "contacts:admin", proof: "committed" } as const;

const reorganisationId = uuidV7.meta({ id: "ReorganisationId", description: "A reorganisation's id (UUIDv7)" });
const inPath = z.strictObject({ id: reorganisationId });

/** As many as one transaction changes, with room to spare. */
const mostSuccessors = 20;

export const reorganisation = z
  .strictObject({
    reorganisationId,
    predecessor: authorityCode.describe("The authority that ends"),
    effectiveOn: calendarDate.describe("The day on which its successors take over"),
    successors: z.array(authorityCode),
    remainderTo: authorityCode.describe("The successor that gets every referral and entry not assigned to another"),
    state: z
      .enum(reorganisationStates)
      .describe("under-way from its day on, until nothing has been found of the predecessor's for an hour"),
    registeredAt: instant,
    completedAt: instant.nullable(),
    version: z.int().positive(),
  })
  .meta({ id: "Reorganisation", description: "One authority ends on a date, and all it had passes to its successors" });

/** What is told of an authority that begins on that day. */
const beginning = z.strictObject({
  gssCode,
  name: singleLine(200),
  councilName: singleLine(200),
  type: singleLine(60),
  region: singleLine(60),
  neighbours: z.array(directoryCode).max(60).describe("Also among the other successors"),
  contacts: z
    .array(contactFacts.omit({ effectiveFrom: true, effectiveTo: true }))
    .min(1)
    .max(mostContacts)
    .describe("In effect from the beginning of that day"),
});
type Beginning = z.output<typeof beginning>;

const successor = z
  .strictObject({
    code: authorityCode.describe("DfE number of an authority that is in effect on that day, or of the one that begins"),
    ...beginning.partial().shape,
  })
  .superRefine((value, context) => {
    const missing = Object.keys(beginning.shape).filter((member) => !(member in value));
    if (missing.length === Object.keys(beginning.shape).length) return;
    for (const member of missing) {
      context.addIssue({ code: "custom", path: [member], message: "is required of an authority that begins" });
    }
  })
  .meta({
    id: "Successor",
    description: "The code alone of an authority that is there already; everything of one that begins on that day",
  });
export type Successor = z.output<typeof successor>;
export type NewAuthority = Pick<Successor, "code"> & Beginning;

export const begins = (value: Successor): value is Successor & Beginning => value.gssCode !== undefined;

export const registerReorganisation = route({
  operationId: "registerReorganisation",
  method: "POST",
  path: "/v1/reorganisations",
  summary:
    "Register that an authority ends on a date and who succeeds it. Several authorities that merge are several reorganisations with the same successor",
  access: administering,
  body: z
    .strictObject({
      predecessor: authorityCode,
      effectiveOn: calendarDate.describe("Tomorrow in England at the earliest"),
      successors: z.array(successor).min(1).max(mostSuccessors),
      remainderTo: authorityCode.describe("One of the successors"),
    })
    .meta({ id: "NewReorganisation" }),
  answers: { 201: { description: "The reorganisation", schema: reorganisation, location: true } },
  handler: "functions/contact-list/register-reorganisation.ts",
});

export const listReorganisations = route({
  operationId: "listReorganisations",
  method: "GET",
  path: "/v1/reorganisations",
  summary: "Every reorganisation, the latest date first",
  access: reading,
  query: z.strictObject(listing),
  answers: {
    200: { description: "One page", schema: page(reorganisation).meta({ id: "ReorganisationPage" }) },
  },
  handler: "functions/contact-list/list-reorganisations.ts",
});

export const getReorganisation = route({
  operationId: "getReorganisation",
  method: "GET",
  path: "/v1/reorganisations/{id}",
  summary: "One reorganisation",
  access: reading,
  params: inPath,
  answers: { 200: { description: "The reorganisation", schema: reorganisation } },
  handler: "functions/contact-list/get-reorganisation.ts",
});

const assigned = z
  .strictObject({ referralId: referralId.optional(), entryId: entryId.optional(), successor: authorityCode })
  .refine((value) => (value.referralId === undefined) !== (value.entryId === undefined), {
    error: "must name either a referral or an entry",
  })
  .meta({
    id: "NewAssignment",
    description:
      "Either a referral or an entry. An entry goes with every referral from it and with the one that it came by, so each brings the others",
  });

export const assignToSuccessor = route({
  operationId: "assignToSuccessor",
  method: "POST",
  path: "/v1/reorganisations/{id}/assignments",
  summary:
    "Assign one referral or entry to a successor: before the date by the predecessor, and from then on by the successor that has it, to a fellow successor at once",
  access: { kind: "token", scope: ["referrals", "cme-list"], proof: "committed" },
  params: inPath,
  body: assigned,
  answers: {
    201: {
      description: "The assignment",
      schema: z
        .strictObject({
          reorganisationId,
          referralId: referralId.nullable(),
          entryId: entryId.nullable(),
          successor: authorityCode,
          effectiveFrom: instant.describe("From when the successor has it"),
        })
        .meta({ id: "Assignment" }),
    },
  },
  refusals: ["not-your-role", "state-does-not-allow"],
  handler: "functions/contact-list/assign-to-successor.ts",
});

export const cancelReorganisation = route({
  operationId: "cancelReorganisation",
  method: "POST",
  path: "/v1/reorganisations/{id}/cancellation",
  summary:
    "Call a reorganisation off before its day. New authorities that nobody else is to be succeeded by are withdrawn",
  access: administering,
  params: inPath,
  body: z.strictObject({}),
  answers: { 201: { description: "The reorganisation, cancelled", schema: reorganisation } },
  refusals: ["state-does-not-allow", "already-there"],
  handler: "functions/contact-list/cancel-reorganisation.ts",
});
