import * as z from "zod";
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { deliveryStates } from "../domain/delivery.ts";
import { enquiryStates } from "../domain/enquiry.ts";
import { referralStates } from "../domain/lifecycle.ts";
import { noticeStates } from "../domain/notice.ts";
import {
  entryAlreadyReferred,
  type RefusalCode,
  removalNotPermitted,
  scopeMissing,
  stateDoesNotAllow,
  tooManyRequests,
  validationFailed,
} from "../domain/refusals.ts";
import { reasonsAgainstRemovalFrom } from "../domain/removal-gate.ts";
import { reorganisationStates } from "../domain/reorganisation.ts";
import { kindOf, problemOf } from "../http/problem.ts";
import { otherProblemHeaders, problemHeaders } from "./answer-headers.ts";
import { contact } from "./directory.ts";
import { authorityCode, directoryCode, referralId, uuidV7 } from "./primitives.ts";
import { removalReason } from "./referrals.ts";
import type { Route } from "./route.ts";

const allCodes = Object.keys(kindOf) as RefusalCode[];
const codesOf = (status: number): RefusalCode[] => allCodes.filter((code) => kindOf[code].status === status);

/** Every code of that status but the one that GOV.UK Notify alone can meet. */
const commonCodesOf = (status: number): RefusalCode[] => codesOf(status).filter((code) => code !== "callback-token");

const when = (holds: unknown, ...codes: RefusalCode[]): RefusalCode[] => (holds ? codes : []);

/** Everything that a route can refuse: what follows from the parts of its request, and what it declares itself. */
export const refusalsOf = ({
  access,
  method,
  params,
  query,
  body,
  upload,
  ifMatch,
  refusals = [],
}: Route): RefusalCode[] => {
  const byToken = access.kind === "token";
  const unsafe = byToken && method !== "GET";
  return [
    ...when(byToken, ...commonCodesOf(401), "scope-missing"),
    ...when(access.kind === "notify-callback", "callback-token"),
    ...when(unsafe, "idempotency-key-missing", "idempotency-key-malformed", "idempotency-key-reused"),
    ...when(params, "not-found"),
    ...when(query && "cursor" in query.shape, "cursor-invalid"),
    ...when(body, "media-type-unsupported", "malformed-json", "duplicate-member", "nesting-too-deep"),
    ...when(ifMatch, "precondition-required", "if-match-malformed", "precondition-failed"),
    ...when(upload, "media-type-unsupported"),
    ...when(body || upload || access.kind === "client-assertion", "body-too-large"),
    // From here on every route: query parameters that it does not have are refused.
    "validation-failed",
    "too-many-requests",
    "internal-error",
    "busy",
    "dependency-unavailable",
    ...refusals,
  ];
};

const problem = z
  .looseObject({
    type: z.string().describe("urn:cme-referral-exchange:problem: and the code"),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What is wrong, without repeating what was sent"),
    code: z.enum(allCodes).describe("Stable: go by this"),
    instance: z.string().describe("The request's id, also in x-request-id"),
    errors: z
      .array(
        z.object({
          pointer: z.string().describe("JSON Pointer (RFC 6901) into the body, or into the query taken as an object"),
          detail: z.string(),
        }),
      )
      .optional()
      .describe("With validation-failed: every fault that was found, 50 at most"),
    contacts: z
      .array(
        z.object({
          authority: directoryCode,
          name: z.string(),
          role: contact.shape.role,
          email: z.string(),
          telephone: z.string(),
        }),
      )
      .optional()
      .describe("With validation-failed: whom to contact where nothing is sent to through the exchange"),
    successors: z
      .array(z.object({ code: directoryCode, name: z.string() }))
      .optional()
      .describe("With validation-failed: the authorities that have succeeded the one that was named, which has ended"),
    scope: z.string().optional().describe("With scope-missing: the scope that the token must have"),
    state: z
      .enum([
        ...referralStates,
        ...enquiryStates,
        ...noticeStates,
        ...deliveryStates,
        ...reorganisationStates,
        "retired",
      ])
      .optional()
      .describe("With state-does-not-allow and removal-not-permitted: the present state of the thing"),
    version: z
      .int()
      .positive()
      .optional()
      .describe("With state-does-not-allow and precondition-failed: the present version of the thing"),
    reasons: z
      .array(removalReason)
      .optional()
      .describe("With removal-not-permitted: why the child's name must stay on the list"),
    rows: z
      .array(z.object({ line: z.int().positive(), column: z.string(), reason: z.string() }))
      .optional()
      .describe("With rows-refused: what is wrong in which line and column of the file"),
    more: z.int().nonnegative().optional().describe("With rows-refused: how many there are besides those in rows"),
    referralId: referralId
      .optional()
      .describe("With entry-already-referred: the open referral by which the child has been referred"),
    enquiries: z
      .array(z.object({ enquiryId: uuidV7, asked: authorityCode }))
      .optional()
      .describe("With too-many-enquiries: which authorities are being asked about the child"),
    guidance: z
      .object({ section: z.string(), text: z.string() })
      .optional()
      .describe("With too-many-enquiries: the sentence of the statutory guidance that it rests on, and its section"),
    enquiryId: uuidV7.optional().describe("With already-asked: the enquiry by which that authority is being asked"),
    allowed: z.array(z.string()).optional().describe("With method-not-allowed: the methods that this address answers"),
    retryAfter: z.int().positive().optional().describe("With too-many-requests: seconds to wait, as in Retry-After"),
  })
  .meta({ id: "Problem", description: "What is refused, and why (RFC 9457)" });

const meaning: Readonly<Record<number, string>> = {
  400: "The request can't be read",
  401: "The access token or the proof of possession is not accepted",
  403: "The caller is known, and may not do this",
  404: "There is nothing here, or nothing that the caller may see",
  406: "The exchange can't answer in the media type that was asked for",
  409: "What is asked for conflicts with the present state",
  410: "It was here, and has been erased",
  412: "It has been changed since the version that If-Match names",
  413: "The body is larger than it may be",
  415: "The body is not in the media type that is taken here",
  422: "The request is understood, and not acceptable",
  428: "If-Match is missing",
  429: "The caller asks more often than it may",
  500: "The exchange failed. Nothing was half done",
  503: "Not possible at the moment. Nothing was half done: repeat the request",
};

const requestId = "7c0e9b6e-1d0b-4f5c-9a52-0a4f6d1b8f3e";
/** The problems that have members of their own, as the exchange answers them. */
const examples = new Map(
  [
    scopeMissing(["referrals"]),
    stateDoesNotAllow("received", 2),
    removalNotPermitted("awaiting-receipt", reasonsAgainstRemovalFrom("awaiting-receipt")),
    entryAlreadyReferred("01934e5c-8b1a-7c3d-9e4f-5a6b7c8d9e0f"),
    tooManyRequests(1),
    validationFailed([{ pointer: "/child/identity/dateOfBirth", detail: "is required" }]),
  ].map((refusal) => [refusal.code, { id: refusal.code, value: problemOf(refusal, requestId).body }]),
);

const withProblem = (
  description: string,
  headers: z.ZodObject,
  codes: readonly RefusalCode[] = [],
): ZodOpenApiResponseObject => {
  const shown = codes.flatMap((code) => examples.get(code) ?? []);
  return {
    description,
    headers,
    content: {
      "application/problem+json": {
        schema: problem,
        ...(shown.length > 0 && { examples: Object.fromEntries(shown.map((example) => [example.id, example])) }),
      },
    },
  };
};

const problemAnswer = (status: number, codes: readonly RefusalCode[]): ZodOpenApiResponseObject =>
  withProblem(
    `${meaning[status]}. Codes: ${codes.map((code) => `\`${code}\``).join(", ")}`,
    problemHeaders(status),
    codes,
  );

/** Routes that refuse with all of a status's codes share one answer. */
const shared = new Map(
  Object.keys(meaning)
    .map(Number)
    .map((status) => [status, { id: `Problem${status}`, ...problemAnswer(status, commonCodesOf(status)) }]),
);

const otherwise = {
  id: "OtherProblem",
  ...withProblem("Any other problem, such as `method-not-allowed` (405) for another method", otherProblemHeaders),
};

/** Every status with which a route refuses, each with the codes that it then has. */
export const problemAnswers = (route: Route): ZodOpenApiResponsesObject => {
  const codes = refusalsOf(route);
  const byStatus = [...shared].flatMap(([status, all]) => {
    const own = codesOf(status).filter((code) => codes.includes(code));
    if (own.length === 0) return [];
    const isShared = own.length === commonCodesOf(status).length;
    return [[status, isShared ? all : problemAnswer(status, own)] as const];
  });
  return { ...Object.fromEntries(byStatus), default: otherwise };
};
