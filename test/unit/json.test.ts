import { describe, expect, it } from "vitest";
import { Refusal } from "../../shared/domain/refusals.ts";
import { parseJson } from "../../shared/http/json.ts";

/** The code with which a text is refused, or `undefined`. */
const refusal = (text: string): string | undefined => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return undefined;
};

const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** Milliseconds that it takes to refuse a text. */
const time = (text: string): number => {
  const start = performance.now();
  expect(refusal(text)).toBeDefined();
  return performance.now() - start;
};

describe("parseJson", () => {
  it("gives what JSON says", () => {
    expect(parseJson(' {"a": [1, -0.5e3, "x\\u0061\\n", true, null, {}], "": "{\\"a\\":[["} ')).toEqual({
      a: [1, -500, "xa\n", true, null, {}],
      "": '{"a":[[',
    });
  });

  it.each([
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    '{"a":1}}',
    '{"a":1} x',
    "undefined",
    "NaN",
    "01",
    '"\t"',
    '"\\x"',
    "\uFEFF{}",
  ])("refuses %j as malformed", (text) => {
    expect(refusal(text)).toBe("malformed-json");
  });

  it.each([
    ["the same name", '{"a":1,"a":1}'],
    ["an escaped spelling of it", '{"a":1,"\\u0061":2}'],
    ["other members between", '{"a":{"b":[1]},"c":"a","a":2}'],
    ["an object inside an array", '{"x":[{},{"a":1,"b":2,"a":3}]}'],
    ["the empty name", '{"":1,"":2}'],
    ["__proto__", '{"__proto__":1,"__proto__":2}'],
    ["constructor", '{"constructor":1,"constructor":2}'],
    ["a name with a quote", '{"\\"":1,"\\u0022":2}'],
  ])("refuses a member named twice: %s", (_, text) => {
    expect(refusal(text)).toBe("duplicate-member");
  });

  it.each([
    ["objects side by side", '[{"a":1},{"a":1}]'],
    ["an object and what it holds", '{"a":{"a":{"a":1}},"b":{"a":1}}'],
    ["a name and an equal text", '{"a":"a","b":"a"}'],
    ["texts that look like members", '{"a":"\\"a\\":1,\\"a\\":2"}'],
    ["names that differ in case", '{"a":1,"A":1}'],
    ["names that only look alike", '{"é":1,"e\u0301":1}'],
  ])("takes the same name in %s", (_, text) => {
    expect(refusal(text)).toBeUndefined();
  });

  it("takes a depth of 32 and refuses 33", () => {
    expect(refusal(arrays(32))).toBeUndefined();
    expect(refusal(arrays(33))).toBe("nesting-too-deep");
    expect(refusal(objects(32))).toBeUndefined();
    expect(refusal(objects(33))).toBe("nesting-too-deep");
  });

  it("counts no brackets inside a text, and what was closed no more", () => {
    expect(refusal(JSON.stringify("[".repeat(100)))).toBeUndefined();
    expect(refusal(`[${'{"a":[]},'.repeat(100)}1]`)).toBeUndefined();
  });

  it("makes __proto__ a member like any other", () => {
    const parsed = parseJson('{"__proto__":{"polluted":true}}') as object;
    expect(Object.keys(parsed)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  it.each([
    ["opening brackets", "[".repeat(250_000)],
    ["nested members", '{"a":'.repeat(50_000)],
    ["quotes", '"'.repeat(250_001)],
    ["one text without an end", `"${"a".repeat(250_000)}`],
    ["backslashes", `"${"\\".repeat(250_001)}`],
    ["escaped quotes that start no text", '\\"'.repeat(125_000)],
  ])("refuses 250 KB of %s at once", (_, text) => {
    expect(time(text)).toBeLessThan(500);
  });
});
