import { duplicateMember, malformedJson, nestingTooDeep } from "../domain/refusals.ts";

/** No contract nests deeper than about ten. */
const deepest = 32;

/**
 * Parses JSON and refuses what JSON.parse lets through: a member named twice (of which one value would silently be lost)
 * and nesting without end.
 * @throws Refusal `malformed-json`, `duplicate-member`, `nesting-too-deep`
 */
export const parseJson = (text: string): unknown => {
  refuseDeepNesting(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedJson();
  }
  refuseDuplicateMembers(text);
  return value;
};

/** A text without an end is taken to the end all the same: looking for its end anew from each quote would take minutes. */
const tokens = /"(?:[^"\\]|\\.)*"?|[{}[\],:]/gs;

const refuseDeepNesting = (text: string): void => {
  let depth = 0;
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    if (depth > deepest) throw nestingTooDeep(deepest);
  }
};

/** `text` is known to be well-formed: so a string before a colon is a member's name. */
const refuseDuplicateMembers = (text: string): void => {
  const open: Set<string>[] = [];
  let lastString = "";
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const name = JSON.parse(lastString) as string;
      const members = open.at(-1);
      if (members?.has(name)) throw duplicateMember();
      members?.add(name);
    } else if (token.startsWith('"')) lastString = token;
  }
};
