import * as z from "zod";
import { enquiryOutcomeCodes, enquiryStepCodes } from "../domain/enquiry-steps.ts";
import { reasonMissingCodes } from "../domain/figures.ts";
import { checkLetterAgrees, hasUpnShape, normaliseUpn } from "../domain/upn.ts";
import {
  authorityCode,
  calendarDate,
  email,
  laEstab,
  multiLine,
  postcode,
  singleLine,
  telephone,
  uprn,
  urn,
} from "./primitives.ts";

/** Common basic data set: male, female, unknown. */
const sexCodes = ["M", "F", "U"] as const;

/** Common basic data set, national curriculum year group: early years, nursery, reception, 1 to 14, mixed, not followed. */
const yearGroupCodes = [
  "E1",
  "E2",
  "N1",
  "N2",
  "R",
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "9",
  "10",
  "11",
  "12",
  "13",
  "14",
  "M",
  "X",
] as const;

/** Why no UPN is given (ours, after the reasons that the DfE's return on children looked after, SSDA903, takes). */
const noUpnReasonCodes = [
  "never-attended-maintained-school",
  "educated-outside-england",
  "not-known",
  "sources-disagree",
] as const;

/** Common basic data set, SEN provision, in words. */
const senStatusCodes = ["none", "sen-support", "ehc-plan"] as const;

/**
 * Guidance, "Cohorts of children who may be at greater risk of becoming CME". Harm or neglect, and special needs, have
 * sections of their own in the record; children who ceased to attend a school are told by the reason.
 */
const cohortCodes = [
  "gypsy-roma-traveller",
  "unaccompanied-asylum-seeking",
  "new-migrant",
  "missing-from-home-or-care",
  "excluded",
  "youth-justice",
  "service-family",
  "unregistered-setting",
  "unsuitable-home-education",
] as const;

/** Guidance, "School Attendance Orders": notices under sections 437(1) and 438(2) of the Education Act 1996, the order. */
const attendanceOrderStepCodes = ["notice-437-1", "notice-438-2", "order-served"] as const;

/** Regulation 9(1)(a) to (o) of the School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208). */
const deletionGroundCodes = [
  "A", // registered at another school
  "B", // not continuing after nursery education
  "C", // also registered elsewhere, and the other schools agree
  "D", // school attendance order now names another school
  "E", // school attendance order revoked
  "F", // parent's written notice of education otherwise than at school
  "G", // no longer lives a reasonable distance from the school
  "H", // not returned from a leave of absence
  "I", // continuously absent for 20 school days
  "J", // sentence of detention
  "K", // died
  "L", // over compulsory school age and not going on to the sixth form
  "M", // boarding fees unpaid
  "N", // ceased to be a pupil of an independent or non-maintained special school
  "O", // permanently excluded
] as const;

/** What the belief rests on that the child has moved (ours; the guidance asks for evidence and lists no kinds). */
const evidenceKindCodes = [
  "statement-by-parent",
  "statement-by-other",
  "school-transfer",
  "admission-application",
  "housing",
  "sighting",
  "benefits",
  "health",
  "social-care",
  "police",
  "border",
  "other",
] as const;

/** Guidance, "Children at risk of harm". */
const socialCareRule =
  "must say whether children’s social care has been told. “Where safeguarding concerns have been raised about a child identified as CME, local authority officers responsible for CME should check that a referral has been made, and if not, they should alert children’s social care.” (Statutory guidance, “Children at risk of harm”)";

const name = singleLine(100);
const note = multiLine(2000);

/** An optional part that is there but empty tells nothing, and is more likely a fault in the sending system. */
const saysSomething = (part: object): boolean => Object.keys(part).length > 0;
const nothingSaid = "must have at least one member";

/** Kept as sent; a wrong check letter is only warned about, see `recordWarnings`. */
const upn = singleLine(40)
  .refine(
    (value) => hasUpnShape(normaliseUpn(value)),
    "must have the shape of a UPN: a check letter and 12 digits, or a check letter, 11 digits and a letter; never I, O or S",
  )
  .describe("Unique pupil number. One whose check letter is wrong is accepted with a warning");

const identity = z
  .strictObject({
    forename: name.optional().describe("Legal. A name of a single word is a surname without a forename"),
    middleNames: name.optional(),
    surname: name,
    preferredForename: name.optional(),
    preferredSurname: name.optional(),
    formerSurnames: z.array(name).max(20).optional(),
    aliases: z.array(name).max(20).optional(),
    dateOfBirth: calendarDate,
    sex: z.enum(sexCodes).describe("Common basic data set: male, female, unknown"),
    upn: upn.optional(),
    formerUpns: z.array(upn).max(20).optional(),
    noUpnReason: z.enum(noUpnReasonCodes).optional().describe("Only without a UPN"),
    yearGroup: z.enum(yearGroupCodes).optional().describe("Common basic data set, national curriculum year group"),
    /** The lists of the common basic data set change too often to be copied here. */
    ethnicity: z
      .string()
      .regex(/^[A-Z]{4}$/, "must be a DfE ethnicity code of four capital letters")
      .optional()
      .describe("Common basic data set, such as MWBA"),
    firstLanguage: z
      .string()
      .regex(/^[A-Z]{3,4}$/, "must be a DfE language code of three or four capital letters")
      .optional()
      .describe("Common basic data set, such as ENG"),
  })
  .refine(({ upn, noUpnReason }) => upn === undefined || noUpnReason === undefined, {
    path: ["noUpnReason"],
    error: "must be left out when there is a UPN",
  })
  .meta({ id: "Identity" });

const addressMembers = {
  lines: z.array(singleLine(100)).min(1).max(6).optional(),
  town: singleLine(100).optional(),
  county: singleLine(100).optional(),
  postcode: postcode.optional(),
  country: singleLine(100).optional(),
  uprn: uprn.optional(),
};
const address = z.strictObject(addressMembers).refine(saysSomething, nothingSaid).meta({
  id: "Address",
  description: "An address abroad has lines and country; postcode is for the United Kingdom's",
});

const addresses = z.strictObject({
  lastKnown: address.optional(),
  expected: z
    .strictObject({ ...addressMembers, from: calendarDate.optional() })
    .refine(saysSomething, nothingSaid)
    .optional()
    .describe("Where the child now lives or is expected to, and from which day"),
  accommodation: z
    .strictObject({
      temporary: z.boolean().optional(),
      homeOfficeProvided: z.boolean().optional(),
      placedBy: authorityCode.optional().describe("The authority that placed the family there"),
    })
    .optional(),
});

const parent = z
  .strictObject({
    name: singleLine(200).optional(),
    relationship: singleLine(100).optional().describe("To the child: mother, foster carer, uncle …"),
    parentalResponsibility: z.boolean().optional(),
    address: address.optional(),
    telephones: z.array(telephone).max(20).optional(),
    email: email.optional(),
  })
  .refine(saysSomething, nothingSaid)
  .meta({ id: "Parent" });

const schoolMembers = {
  urn: urn.optional(),
  laEstab: laEstab.optional(),
  name: singleLine(200).optional(),
};

const school = z.strictObject({
  lastSchool: z.strictObject(schoolMembers).refine(saysSomething, nothingSaid).optional(),
  lastAttended: calendarDate.optional(),
  lastSeen: calendarDate.optional().describe("By anyone, not only at school"),
  deletion: z
    .strictObject({
      date: calendarDate,
      ground: z
        .enum(deletionGroundCodes)
        .describe("Regulation 9(1)(a) to (o) of the School Attendance (Pupil Registration) (England) Regulations 2024"),
    })
    .optional()
    .describe("Of the child's name, from the last school's admission register"),
  destination: z
    .strictObject({ ...schoolMembers, startDate: calendarDate.optional() })
    .refine(saysSomething, nothingSaid)
    .optional(),
});

const needs = z.strictObject({
  sen: z.enum(senStatusCodes).optional(),
  specialSchoolPlaceArrangedByAuthority: z.boolean().optional(),
  medicalNeeds: note.optional(),
});

/** Known of a child with or without a concern of the sender's own. */
const plans = {
  childProtectionPlan: z.boolean().optional(),
  childInNeed: z.boolean().optional(),
  lookedAfter: z.boolean().optional(),
  section47Enquiry: z.boolean().optional(),
  note: note.optional(),
};

const safeguarding = z
  .discriminatedUnion("concern", [
    z.strictObject({ concern: z.literal(false), ...plans }),
    z.strictObject({
      concern: z.literal(true),
      socialCare: z.discriminatedUnion(
        "told",
        [
          z.strictObject({ told: z.literal(true), on: calendarDate, by: singleLine(200) }),
          z.strictObject({ told: z.literal(false), reason: note }),
        ],
        { error: socialCareRule },
      ),
      policeTold: z
        .discriminatedUnion("told", [
          z.strictObject({
            told: z.literal(true),
            on: calendarDate.optional(),
            by: singleLine(200).optional(),
            reference: singleLine(100).optional(),
          }),
          z.strictObject({ told: z.literal(false), reason: note.optional() }),
        ])
        .optional(),
      ...plans,
    }),
  ])
  .meta({
    id: "Safeguarding",
    description: "Where there is a concern, it must say whether children's social care has been told",
  });

const circumstances = z.strictObject({
  reasonForMove: note.optional(),
  reasonMissing: z.enum(reasonMissingCodes).optional(),
  cohorts: z.array(z.enum(cohortCodes)).max(20).optional(),
  schoolAttendanceOrder: z
    .array(z.strictObject({ step: z.enum(attendanceOrderStepCodes), date: calendarDate }))
    .max(20)
    .optional()
    .describe("The steps taken so far towards a school attendance order; the last is the one reached"),
  narrative: multiLine(4000).optional(),
});

const evidence = z
  .strictObject({
    kind: z.enum(evidenceKindCodes),
    date: calendarDate,
    source: singleLine(200),
    note: note.optional(),
  })
  .meta({ id: "Evidence", description: "What the belief rests on that the child has moved" });
const evidenceOfMove = z.array(evidence).max(20);

const enquiryMade = z
  .strictObject({
    /** The guidance's list is "not an exhaustive or prescriptive list of actions". */
    step: z.enum([...enquiryStepCodes, "other"]),
    date: calendarDate,
    outcome: z.enum(enquiryOutcomeCodes),
    note: note.optional(),
  })
  .meta({ id: "EnquiryMade", description: "A step of the guidance's list (Conducting enquiries), or another" });

const sibling = z
  .strictObject({
    forename: name.optional(),
    surname: name.optional(),
    dateOfBirth: calendarDate.optional(),
    school: singleLine(200).optional(),
  })
  .refine(saysSomething, nothingSaid)
  .meta({ id: "Sibling" });

/**
 * The child's record as a referral carries it: everything that a receiving officer needs to act the same day. Unknown
 * members are refused, and every value that is accepted is kept exactly as it was sent.
 *
 * Source: guidance, "Working with other local authorities" (evidence that the child has moved is what a referral rests
 * on) and "Children at risk of harm" (a concern comes with an answer on children's social care).
 */
export const childRecord = z
  .strictObject({
    identity,
    addresses: addresses.optional(),
    parents: z.array(parent).max(20).optional(),
    school: school.optional(),
    needs: needs.optional(),
    safeguarding,
    circumstances: circumstances.optional(),
    evidenceOfMove: evidenceOfMove.min(1),
    enquiriesMade: z.array(enquiryMade).max(50).optional(),
    siblings: z.array(sibling).max(20).optional(),
  })
  .meta({ id: "ChildRecord", description: "What a referral tells of the child. Every value is kept exactly as sent" });
export type ChildRecord = z.output<typeof childRecord>;

/** What an authority keeps of a child whom it adds to its own CME list: the same record, as far as it is known yet. */
export const listedChild = childRecord
  .extend({
    safeguarding: safeguarding.optional(),
    evidenceOfMove: evidenceOfMove.optional(),
  })
  .meta({ id: "ListedChild", description: "A child's record as far as it is known yet" });
export type ListedChild = z.output<typeof listedChild>;

/** Something to look at in a record that is accepted all the same. Never repeats what was sent. */
export type RecordWarning = {
  code: "upn-check-letter";
  /** JSON Pointer (RFC 6901) into the request's body, where the record is the member `child`. */
  pointer: string;
  detail: string;
};

/**
 * Warns of each UPN whose check letter is wrong. It is not refused, because partners hold wrong ones, and a child must
 * not stay behind for a mistyped number.
 */
export function recordWarnings({ identity: { upn, formerUpns = [] } }: Pick<ChildRecord, "identity">): RecordWarning[] {
  const upns = [
    ...(upn === undefined ? [] : [{ pointer: "/child/identity/upn", value: upn }]),
    ...formerUpns.map((value, index) => ({ pointer: `/child/identity/formerUpns/${index}`, value })),
  ];
  return upns
    .filter(({ value }) => !checkLetterAgrees(normaliseUpn(value)))
    .map(({ pointer }) => ({
      code: "upn-check-letter",
      pointer,
      detail: "The check letter does not agree with the rest of the UPN. It was accepted; please check the UPN.",
    }));
}
