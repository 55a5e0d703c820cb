import type { ChildRecord } from "./child-record.ts";
import type { Warning } from "./warning.ts";

/** Guidance, "Children in temporary accommodation". */
const includedRule = "The temporary local authority, however, should also be included in the discussion.";
const homeOfficeRule =
  "When an accompanied asylum-seeking or refugee child is temporarily housed by the Home Office, the temporary local authority assumes CME responsibilities.";

/**
 * What the guidance asks of a referral of a child in temporary accommodation. Nothing is refused for it: the authority in
 * whose area the accommodation is may be the recipient itself, which the record does not tell.
 */
export const temporaryAuthorityWarnings = (
  { addresses }: Pick<ChildRecord, "addresses">,
  temporaryAuthority: string | undefined,
): Warning[] => {
  const { temporary = false, homeOfficeProvided = false } = addresses?.accommodation ?? {};
  const quoted = (rule: string) => `“${rule}” (Statutory guidance, “Children in temporary accommodation”)`;
  if (homeOfficeProvided && temporaryAuthority !== undefined) {
    const detail = `is not the temporary authority. ${quoted(homeOfficeRule)} Refer the child to it, or see that it adds the child to its CME list from this referral`;
    return [{ code: "home-office-placement", pointer: "/recipient", detail }];
  }
  if (homeOfficeProvided) {
    const detail = `names nobody: right only if the recipient is the authority in whose area the accommodation is. ${quoted(homeOfficeRule)}`;
    return [{ code: "temporary-authority-not-named", pointer: "/temporaryAuthority", detail }];
  }
  if (temporary && temporaryAuthority === undefined) {
    const detail = `names nobody: right only if the accommodation is in the recipient's area or in yours. ${quoted(includedRule)}`;
    return [{ code: "temporary-authority-not-named", pointer: "/temporaryAuthority", detail }];
  }
  return [];
};
