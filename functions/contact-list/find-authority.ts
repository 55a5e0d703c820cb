import { notFound } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { type Authority, existsOn, readAuthorities, readAuthority } from "../../shared/store/directory.ts";
import { type Dynamo, dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const directoryDependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("directory") });
export type DirectoryDependencies = ReturnType<typeof directoryDependencies>;

export const bearsGssCode = (authority: Authority, code: string): boolean =>
  authority.gssCode === code || authority.formerGssCodes.includes(code);

/**
 * The authority in effect with this DfE number, or with this GSS code, present or superseded.
 * @throws Refusal `not-found`
 */
export const findAuthority = async (
  code: string,
  now: string,
  { dynamo, tables }: DirectoryDependencies,
): Promise<Authority> => {
  const authority = /^\d{3}$/.test(code)
    ? await readAuthority(dynamo, tables.directory, code)
    : await byGssCode(dynamo, tables.directory, code);
  if (!authority || !existsOn(authority, dateInEngland(now))) throw notFound();
  return authority;
};

const byGssCode = async (dynamo: Dynamo, table: string, code: string): Promise<Authority | undefined> => {
  const authorities = await readAuthorities(dynamo, table);
  return authorities.find(({ gssCode }) => gssCode === code) ?? authorities.find((each) => bearsGssCode(each, code));
};
