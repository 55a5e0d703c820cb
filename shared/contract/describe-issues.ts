import * as z from "zod";
import type { BodyFault } from "../domain/refusals.ts";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;
type Path = readonly PropertyKey[];

/** What the caller of `describeIssues` knows besides the error; each makes the answers more helpful. */
export type Known = {
  /** The schema that refused: objects with unknown members are told which members they may have. */
  schema?: Schema;
  /** What it refused, only looked into: a missing member is told from a wrong one, whatever its type. */
  sent?: unknown;
};

const mostReported = 50;

/**
 * What is wrong with a request, in plain English, each fault with a JSON Pointer (RFC 6901) from the schema's root.
 * At most 50 faults, in the order of the schema.
 *
 * Nothing that was sent is repeated: no value, and no name of an unknown member (the pointer is that of the object which
 * has it). Two habits in the schemas keep it so: their own messages are constants, and requests have no `z.record`, whose
 * keys would be part of the pointer.
 */
export const describeIssues = (error: z.ZodError, known: Known = {}): BodyFault[] =>
  error.issues
    .slice(0, mostReported)
    .flatMap((issue) => faultsOf(issue, [], known))
    .slice(0, mostReported);

function faultsOf(issue: Issue, base: Path, known: Known): BodyFault[] {
  const path = [...base, ...issue.path];
  const fault = (detail: string, place: Path = path): BodyFault[] => [{ pointer: jsonPointer(place), detail }];

  if (issue.code === "unrecognized_keys") return fault(unknownMembers(issue.keys.length, path, known));
  if (!isZodsOwnMessage(issue.message)) return fault(issue.message);
  if (isMissing(issue, path, known)) return fault("is required");

  switch (issue.code) {
    case "invalid_type":
      return fault(typeDetails[issue.expected] ?? `must be of the type ${issue.expected}`);
    case "invalid_value":
      return fault(mustBeOneOf(issue.values));
    case "too_big":
      return fault(limitDetail(issue.origin, issue.maximum, largest(issue)));
    case "too_small":
      return fault(limitDetail(issue.origin, issue.minimum, smallest(issue)));
    case "not_multiple_of":
      return fault(`must be a multiple of ${issue.divisor}`);
    case "invalid_format":
      return fault(formatDetails[issue.format] ?? "does not have the form asked for");
    case "invalid_union":
      return unionFaults(issue, path, known);
    case "invalid_key":
      return fault("has a member whose name is not allowed", path.slice(0, -1));
    case "invalid_element":
      return fault("has an element that is not allowed");
    case "custom":
      return fault("is not acceptable");
  }
}

/** Zod's English messages all begin with one of these; any other was written beside the schema and says more. */
const isZodsOwnMessage = (message: string): boolean => /^(?:Invalid|Too big|Too small|Unrecognized)\b/.test(message);

/** Types as JSON names them. */
const typeDetails: Readonly<Record<string, string>> = {
  string: "must be a string",
  number: "must be a number",
  int: "must be a whole number",
  boolean: "must be true or false",
  null: "must be null",
  array: "must be an array",
  object: "must be an object",
  record: "must be an object",
  never: "must be left out",
  nonoptional: "is required",
};

const formatDetails: Readonly<Record<string, string>> = {
  date: "must be a date that exists, as YYYY-MM-DD",
  datetime: "must be a time that exists, in UTC with milliseconds, as 2026-11-21T17:38:47.123Z",
  email: "must be an email address",
  url: "must be a URL",
  uuid: "must be a UUID",
};

const mustBeOneOf = (values: readonly z.core.util.Primitive[]): string =>
  `must be ${values.length > 1 ? "one of: " : ""}${values.map(String).join(", ")}`;

type Limit = { exact?: boolean; inclusive?: boolean };
const largest = ({ exact, inclusive }: Limit) => (exact ? "exactly" : inclusive ? "at most" : "less than");
const smallest = ({ exact, inclusive }: Limit) => (exact ? "exactly" : inclusive ? "at least" : "more than");

function limitDetail(origin: string, limit: number | bigint, comparison: string): string {
  const plural = Number(limit) === 1 ? "" : "s";
  if (origin === "string") return `must be ${comparison} ${limit} character${plural} long`;
  if (origin === "array") return `must have ${comparison} ${limit} item${plural}`;
  return `must be ${comparison} ${limit}`;
}

function unknownMembers(count: number, path: Path, { schema, sent }: Known): string {
  const holder = schemaAt(schema, sent, path);
  const has = count === 1 ? "has 1 member that is not known here" : `has ${count} members that are not known here`;
  return holder instanceof z.ZodObject ? `${has}; it may have: ${Object.keys(holder.shape).join(", ")}` : has;
}

/** Zod leaves the input out of its issues; without it only the words of a wrong type tell that nothing was there. */
function isMissing(issue: Issue, path: Path, known: Known): boolean {
  if (!["invalid_type", "invalid_value", "invalid_union"].includes(issue.code)) return false;
  return "sent" in known ? valueAt(known.sent, path) === undefined : issue.message.endsWith("received undefined");
}

/**
 * A discriminated union refuses precisely by itself; here it only lacks its discriminator, at which `path` points. Of
 * another union those options speak whose type fits: one alone for itself, several only of the value as a whole.
 */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, path: Path, known: Known): BodyFault[] {
  const pointer = jsonPointer(path);
  if (issue.inclusive === false) return [{ pointer, detail: "fits more than one of the shapes allowed here" }];
  if (issue.options !== undefined) return [{ pointer, detail: mustBeOneOf(issue.options) }];

  const fitting = issue.errors.filter((option) => !option.some(isOfAnotherType));
  const options = fitting.length > 0 ? fitting : issue.errors;
  if (options.length === 1) return options.flat().flatMap((each) => faultsOf(each, path, known));
  const wholes = options.flat().filter((each) => each.path.length === 0 && each.code !== "unrecognized_keys");
  const details = new Set(wholes.flatMap((each) => faultsOf(each, path, known)).map(({ detail }) => detail));
  return [{ pointer, detail: [...details].join(" or ") || "does not fit any of the shapes allowed here" }];
}

const isOfAnotherType = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");

const jsonPointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Own members only: what a prototype lends was not sent. */
const memberOf = (value: unknown, name: PropertyKey): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;

const valueAt = (value: unknown, path: Path): unknown => path.reduce(memberOf, value);

/** The schema of the value at a path; undefined where the path and what was sent don't settle it. */
function schemaAt(schema: Schema | undefined, sent: unknown, path: Path): Schema | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return schemaAt(schema.unwrap(), sent, path);
  if (schema instanceof z.ZodPipe) return schemaAt(schema.out, sent, path);
  if (schema instanceof z.ZodDiscriminatedUnion) return schemaAt(chosenOption(schema, sent), sent, path);
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  if (schema instanceof z.ZodObject) return schemaAt(schema.shape[String(step)], memberOf(sent, step), rest);
  if (schema instanceof z.ZodArray) return schemaAt(schema.element, memberOf(sent, step), rest);
  return undefined;
}

function chosenOption(union: z.ZodDiscriminatedUnion, sent: unknown): Schema | undefined {
  const { discriminator, options } = union.def;
  const value = memberOf(sent, discriminator);
  return options.find(
    (option) => option instanceof z.ZodObject && z.safeParse(option.shape[discriminator], value).success,
  );
}
