import * as z from "zod";
import { childRecord } from "./child-record.ts";
import { calendarDate, multiLine, singleLine } from "./primitives.ts";

const identity = childRecord.shape.identity.shape;
const addresses = childRecord.shape.addresses.unwrap().shape;
const address = addresses.lastKnown.unwrap();
const note = multiLine(2000);
/** Of an ordinary week; an estimate is what is asked for since the Lords amendments 51, 52, 54 and 55. */
const hoursAWeek = z.number().min(0).max(168).describe("An estimate, of an ordinary week");

/**
 * Why a register transfer may be sent and not relied upon yet. Children's Wellbeing and Schools Act 2026 (c. 21), section
 * 38, inserts sections 436B to 436G into the Education Act 1996 (read as enacted, on 29 April 2026); they are not commenced,
 * and much of them waits for regulations.
 */
export const notYetCommenced =
  "The register of children not in school (sections 436B to 436G of the Education Act 1996, inserted by section 38 of the Children’s Wellbeing and Schools Act 2026) is not in force, and the day on which it will be is not known. Nobody has to send or to keep a register transfer until then, and its record may change with the regulations. A child who is missing education is referred without a kind.";

/**
 * What is passed on of a child who is on the register of children not in school and moves: what the register holds by
 * section 436C of the Education Act 1996, and the support by section 436G. All but the name and the date of birth may be
 * missing: an authority passes on what it has.
 *
 * Only the headings of sections 436C and 436G were to be had as enacted. Their content is of the Bill's stage: section
 * 436C(1) as the Bill was introduced, with the Lords amendments 49 to 55 of 28 January 2026 (previous and additional
 * addresses, estimates of time, providers from a prescribed amount of time on), and section 436C(2) by the DfE's answer to
 * written question 29632. The amendments moved the paragraphs, so none is cited by its letter. Compare with the Act and its
 * regulations before the register is in force.
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
      .describe("Section 436C(1): where the child lives"),
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
      .describe("Section 436C(1): each parent, and who of them provides education"),
    education: z
      .strictObject({ byParents: hoursAWeek.optional(), byOthers: hoursAWeek.optional() })
      .optional()
      .describe("Section 436C(1): how long the child receives education from parents, and from others"),
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
      .describe("Section 436C(1): who provides education other than the parents"),
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
        "Section 436C(2): enquiries and plans of child protection, and whether the child is in need or looked after",
      ),
  })
  .meta({ id: "RegisteredChild", description: `What a register transfer tells of the child. ${notYetCommenced}` });
export type RegisteredChild = z.output<typeof registeredChild>;
