import { environment } from "../aws/environment.ts";
import { type TableName, tables } from "./tables.ts";

/** The names of the tables that a function was given, from its environment. */
export const tableNames = <const Name extends TableName>(...names: Name[]): Record<Name, string> => {
  const values = environment(...names.map((name) => tables[name].variable));
  return Object.fromEntries(names.map((name) => [name, values[tables[name].variable]])) as Record<Name, string>;
};
