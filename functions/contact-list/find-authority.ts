import type { contact } from "../../shared/contract/directory.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import {
  type Authority,
  type AuthorityFacts,
  existsOn,
  readAuthorities,
  readAuthority,
} from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { contactsInForce } from "../../shared/store/imports.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const directoryDependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory", "imports") });
export type DirectoryDependencies = ReturnType<typeof directoryDependencies>;

export const bearsGssCode = (authority: AuthorityFacts, code: string): boolean =>
  authority.gssCode === code || authority.formerGssCodes.includes(code);

/**
 * The authority with this code, in effect or not, or the one in effect that bears this GSS code, present or superseded;
 * with the contacts that it has now.
 * @throws Refusal `not-found`
 */
export const findAuthority = async (
  code: string,
  now: string,
  { dynamo, tables }: DirectoryDependencies,
): Promise<Authority> => {
  const authority =
    (await readAuthority(dynamo, tables.directory, code)) ?? (await byGssCode(code, now, { dynamo, tables }));
  if (!authority) throw notFound();
  return { ...authority, contacts: await contactsInForce(dynamo, tables.imports, authority) };
};

const byGssCode = async (code: string, now: string, { dynamo, tables }: DirectoryDependencies) => {
  if (!/^[EWSN]\d{8}$/.test(code)) return undefined;
  const today = dateInEngland(now);
  const authorities = (await readAuthorities(dynamo, tables.directory)).filter((each) => existsOn(each, today));
  return authorities.find(({ gssCode }) => gssCode === code) ?? authorities.find((each) => bearsGssCode(each, code));
};

/** What anybody may know of an authority: not what the exchange keeps for itself. */
export const presentAuthority = ({ contacts: _, head: __, staged: ___, ...facts }: Authority): AuthorityFacts => facts;

export const presentContact = ({ verificationAsked: _, ...shown }: Contact): typeof contact._zod.input => shown;
