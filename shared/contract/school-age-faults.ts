import { schoolAgeOn } from "../domain/compulsory-school-age.ts";
import type { BodyFault } from "../domain/refusals.ts";
import { dateInEngland } from "../domain/working-days.ts";

/** Guidance, footnote 1. The date told is the rule's, worked out from the date of birth; the date of birth is not repeated. */
export const schoolAgeFaults = (dateOfBirth: string, now: string): BodyFault[] => {
  const age = schoolAgeOn(dateOfBirth, dateInEngland(now));
  const fault = (detail: string) => [{ pointer: "/child/identity/dateOfBirth", detail }];
  if (age.status === "not-yet") {
    return fault(`is that of a child who is not of compulsory school age until ${age.startsOn} (guidance, footnote 1)`);
  }
  if (age.status === "ended") {
    return fault(`is that of a child whose compulsory school age ended on ${age.endsOn} (guidance, footnote 1)`);
  }
  return [];
};
