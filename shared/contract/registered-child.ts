import * as z from "zod";
import { childRecord } from "./child-record.ts";
import { calendarDate, multiLine, singleLine } from "./primitives.ts";

const identity = childRecord.shape.identity.shape;
const addresses = childRecord.shape.addresses.unwrap().shape;
const address = addresses.lastKnown.unwrap();
const note = multiLine(2000);
/** Of an ordinary week; an estimate is what the Act asks for. */
const hoursAWeek = z.number().min(0).max(168).describe("An estimate, of an ordinary week");

/**
 * Why a register transfer may be sent and not relied upon yet. Children's Wellbeing and Schools Act 2026 (c. 21), section
 * 38, inserts sections 436B to 436G into the Education Act 1996; regulations are to bring them into force.
 */
export const notYetCommenced =
  "The register of children not in school (sections 436B to 436G of the Education Act 1996, inserted by section 38 of the Children’s Wellbeing and Schools Act 2026) is not in force, and the day on which it will be is not known. Nobody has to send or to keep a register transfer until then, and its record may change with the regulations. A child who is missing education is referred without a kind.";

/**
 * What is passed on of a child who is on the register of children not in school and moves: what the register holds by
 * section 436C of the Education Act 1996, and the support by section 436G. All but the name and the date of birth may be
 * missing: an authority passes on what it has.
 */
export const registeredChild = z
  .strictObject({
    identity: z.strictObject({
      forename: identity.forename,
      middleNames: identity.middleNames,
      surname: identity.surname,
      preferredForename: identity.preferredForename,
      preferredSurname: identity.preferredSurname,
      formerSurnames: identity.formerSurnames,
      dateOfBirth: identity.dateOfBirth,
      sex: identity.sex.optional(),
      upn: identity.upn,
    }),
    addresses: z
      .strictObject({
        home: address.optional(),
        previous: address.optional().describe("Where the child has lived at the home address for less than a year"),
        additional: z.array(address).max(5).optional().describe("Where the child lives at more than one"),
        expected: addresses.expected.describe("Where the child is moving, and from which day"),
      })
      .optional()
      .describe("Section 436C(1)(a)"),
    parents: z
      .array(
        z.strictObject({
          name: singleLine(200),
          address: address.optional(),
          providesEducation: z.boolean().optional(),
        }),
      )
      .max(10)
      .optional()
      .describe("Section 436C(1)(b) and (c)"),
    education: z
      .strictObject({ byParents: hoursAWeek.optional(), byOthers: hoursAWeek.optional() })
      .optional()
      .describe("Section 436C(1)(d): how long the child receives education from parents, and from others"),
    providers: z
      .array(
        z.strictObject({
          name: singleLine(200),
          type: singleLine(200).optional().describe("What kind of provider it is"),
          address: address.optional().describe("Where the education is provided"),
          online: singleLine(300).optional().describe("The website or email address, where it is provided virtually"),
          hours: hoursAWeek.optional(),
        }),
      )
      .max(20)
      .optional()
      .describe("Section 436C(1)(e): who provides education other than the parents"),
    support: z
      .array(z.strictObject({ what: note, from: calendarDate.optional(), until: calendarDate.optional() }))
      .max(20)
      .optional()
      .describe("Section 436G: advice and other support that the authority has given"),
    childProtection: z
      .strictObject({
        section47Enquiry: z.boolean().optional(),
        childProtectionPlan: z.boolean().optional(),
        childInNeed: z.boolean().optional(),
        lookedAfter: z.boolean().optional(),
        note: note.optional(),
      })
      .optional()
      .describe(
        "Section 436C(2): what bears on whether education otherwise than at school is in the child's best interests",
      ),
  })
  .meta({ id: "RegisteredChild", description: `What a register transfer tells of the child. ${notYetCommenced}` });
export type RegisteredChild = z.output<typeof registeredChild>;
