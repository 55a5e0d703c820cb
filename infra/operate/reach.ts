import { type TableName, tables } from "../../shared/store/tables.ts";

export const tablesOption =
  "--tables PATTERN   the tables' names, such as production-{name}; else the variables CLIENTS_TABLE and so on, else {name}";

/** The tables' names as the operator gives them. */
export const namesBy = <const Name extends TableName>(
  pattern: string | undefined,
  ...names: Name[]
): Record<Name, string> => {
  if (pattern !== undefined && !pattern.includes("{name}")) throw new Error("--tables must have {name} in it.");
  const nameOf = (table: Name) => {
    const { name, variable } = tables[table];
    return pattern?.replaceAll("{name}", name) ?? process.env[variable] ?? name;
  };
  return Object.fromEntries(names.map((table) => [table, nameOf(table)])) as Record<Name, string>;
};
