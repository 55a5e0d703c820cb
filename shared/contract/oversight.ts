import * as z from "zod";
import { reasonMissingCodes } from "../domain/figures.ts";
import { referralStates } from "../domain/lifecycle.ts";
import { bandCodes, seasons, sexes, type Term, yearGroups } from "../domain/statistics.ts";
import { confidential } from "../domain/suppression.ts";
import { contact } from "./directory.ts";
import { listing, page } from "./listing.ts";
import { authorityCode, calendarDate, directoryCode, instant } from "./primitives.ts";
import { route } from "./route.ts";

const count = z.int().nonnegative();

const byState = z.record(z.enum(referralStates), count);

/** Percentiles come from counts in classes, so that nothing has to look at a referral. */
const timeToReceipt = z
  .strictObject({
    receipts: count.describe("Those confirmed in this calendar month and the eleven before it"),
    medianMinutes: count.nullable(),
    ninetiethPercentileMinutes: count.nullable(),
  })
  .meta({
    id: "TimeToReceipt",
    description:
      "From submission to receipt. Rounded up: to the minute up to 20 minutes, beyond that by at most a tenth. null where there is no receipt",
  });

const silence = {
  overdue: count.describe("Of those that await its receipt: past the deadline"),
  overdueThrice: count.describe("Of those: past three times the response time"),
};

/** Ids and times alone: the names and addresses stand in the contact list. */
const overviewItem = z
  .strictObject({
    authority: directoryCode,
    name: z.string(),
    contacts: z.strictObject({
      inEffect: count,
      unverified: z
        .array(contact.pick({ contactId: true, role: true, verifiedAt: true }))
        .describe("Those that nobody has verified for 120 days"),
      unreachable: z
        .array(z.strictObject({ ...contact.pick({ contactId: true, role: true }).shape, unreachableSince: instant }))
        .describe("Those whose emails come back"),
    }),
    referrals: z.strictObject({
      sent: byState.describe("As the sender, by state"),
      received: byState.describe("As the recipient, by state"),
      ...silence,
      timeToReceipt,
    }),
  })
  .meta({ id: "OverviewItem", description: "What the DfE sees of one authority" });

export const overview = route({
  operationId: "getOverview",
  method: "GET",
  path: "/v1/overview",
  summary:
    "For the DfE: every authority that exists today, by code, its contacts that are unverified or unreachable, and its referrals in numbers, counted seconds after they happen",
  access: { kind: "token", scope: "oversight", proof: "remembered" },
  query: z.strictObject(listing),
  answers: {
    200: {
      description: "One page of authorities, with the totals of them all",
      schema: z
        .strictObject({
          asOf: instant,
          totals: z.strictObject({
            authorities: count,
            contacts: z.strictObject({ inEffect: count, unverified: count, unreachable: count }),
            referrals: z.strictObject({ byState, ...silence, timeToReceipt }),
          }),
          ...page(overviewItem).shape,
        })
        .meta({ id: "Overview" }),
    },
  },
  handler: "functions/oversight/get-overview.ts",
});

const term = z
  .templateLiteral([z.string().regex(/^20[2-9]\d$/), "-", z.enum(seasons)])
  .transform((value): Term => value as Term)
  .meta({
    description:
      "A term of the DfE's collection by the calendar year of its census day, such as 2026-autumn (first Thursday of October), 2027-spring (third Thursday of January) and 2027-summer (third Thursday of May)",
  });

const shown = z
  .union([count, z.literal(confidential)])
  .meta({ id: "ShownNumber", description: "A number of children, or c (confidential) in place of one" });
const between = z
  .strictObject({ atLeast: count, atMost: count })
  .meta({ id: "NumberBetween", description: "Between what a number of children lies; exact where both are the same" });

/** The figures of a term, whichever way their numbers are told. */
const figuresIn = <Told extends z.ZodType>(told: Told) => {
  const by = <const Codes extends readonly string[]>(codes: Codes) => z.record(z.enum(codes), told);
  return {
    onCensusDay: z.strictObject({
      total: told,
      bySex: by(sexes),
      byYearGroup: by(yearGroups).describe("By age: the national curriculum year group of the child's school year"),
      byReason: by(reasonMissingCodes).describe("The reason that the record said when the child came onto the list"),
      byDuration: by(bandCodes).describe(
        "Since the child came onto the list on which it is now; a week's band begins with its first day, and over 52 weeks is more than 364 days",
      ),
    }),
    atAnyPoint: z.strictObject({
      academicYear: z.string().describe("The one before the census day's, such as 2025/26: 1 September to 31 August"),
      total: told.describe("How many entries were on the list at any point in it"),
    }),
  };
};

const authorityFigures = z
  .strictObject({ authority: authorityCode, name: z.string(), ...figuresIn(shown) })
  .meta({ id: "AuthorityFigures", description: "The figures of one authority's CME list" });

const englandFigures = z.strictObject(figuresIn(between)).meta({
  id: "EnglandFigures",
  description:
    "For the DfE, where it asks for every authority: between what the sums over all authorities lie, as follows from the numbers that are shown of each. An exact sum would give away what is c among them. A child on two lists counts on both",
});

export const statistics = route({
  operationId: "getStatistics",
  method: "GET",
  path: "/v1/statistics",
  summary:
    "The figures of a term in the shape of the DfE's termly collection: the caller's own, or for the DfE those of every authority",
  access: { kind: "token", scope: ["cme-list", "oversight"], proof: "remembered" },
  query: z.strictObject({
    term,
    authority: authorityCode.optional().describe("For the DfE: this authority alone"),
  }),
  answers: {
    200: {
      description:
        "Children of compulsory school age on the CME list at the end of census day. Numbers below 5 other than 0 are c, and so are others from which they could be found out",
      schema: z
        .strictObject({
          term: z.string(),
          censusDate: calendarDate,
          asOf: instant,
          england: englandFigures.optional(),
          items: z.array(authorityFigures),
        })
        .meta({ id: "Statistics" }),
      otherMedia: {
        "text/csv": z
          .string()
          .describe(
            "A row for each number (RFC 4180, UTF-8 with a byte-order mark), with the columns time_period, time_identifier, census_date, country_code, country_name, geographic_level, new_la_code, old_la_code, la_name, measure, breakdown_topic, breakdown, number, at_least, at_most. England's rows come first, of the level National, with c as the number where it is not exact",
          ),
      },
    },
  },
  refusals: ["not-your-role", "not-acceptable"],
  handler: "functions/oversight/get-statistics.ts",
});

export const healthz = route({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  summary: "Is the exchange able to answer?",
  access: { kind: "public" },
  answers: { 200: { description: "It is", schema: z.strictObject({ status: z.literal("ok") }) } },
  handler: "functions/oversight/get-health.ts",
});

export const openapi = route({
  operationId: "getOpenapi",
  method: "GET",
  path: "/openapi.json",
  summary: "This contract (OpenAPI 3.1)",
  access: { kind: "public" },
  answers: {
    200: {
      description: "The OpenAPI document",
      schema: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
    },
  },
  handler: "functions/oversight/get-openapi.ts",
  cacheControl: "public, max-age=300",
});
