import * as z from "zod";
import { childRecord, type ListedChild } from "./child-record.ts";

const identity = childRecord.shape.identity.shape;
const addresses = childRecord.shape.addresses.unwrap().shape;
const school = childRecord.shape.school.unwrap().shape;

/**
 * The least by which another authority can say whether it knows a child: what goes out with a targeted enquiry, and
 * nothing else does. Who the parents are, needs, safeguarding and where the child is expected stay with the asker.
 */
export const enquiredChild = z
  .strictObject({
    identity: z.strictObject({
      forename: identity.forename,
      middleNames: identity.middleNames,
      surname: identity.surname,
      preferredForename: identity.preferredForename,
      preferredSurname: identity.preferredSurname,
      formerSurnames: identity.formerSurnames,
      aliases: identity.aliases,
      dateOfBirth: identity.dateOfBirth,
      sex: identity.sex,
      upn: identity.upn,
    }),
    lastKnownAddress: addresses.lastKnown,
    lastSchool: school.lastSchool,
  })
  .meta({ id: "EnquiredChild", description: "The least by which an authority can say whether it knows the child" });
export type EnquiredChild = z.output<typeof enquiredChild>;

export const enquiredChildOf = ({ identity: of, addresses: at, school: attended }: ListedChild): EnquiredChild => ({
  identity: {
    forename: of.forename,
    middleNames: of.middleNames,
    surname: of.surname,
    preferredForename: of.preferredForename,
    preferredSurname: of.preferredSurname,
    formerSurnames: of.formerSurnames,
    aliases: of.aliases,
    dateOfBirth: of.dateOfBirth,
    sex: of.sex,
    upn: of.upn,
  },
  lastKnownAddress: at?.lastKnown,
  lastSchool: attended?.lastSchool,
});
