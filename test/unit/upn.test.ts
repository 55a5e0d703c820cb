import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { checkLetterAgrees, hasUpnShape, normaliseUpn, upnCheckLetter } from "../../shared/domain/upn.ts";

type Vector = { upn: string; valid: "true" | "false"; kind: string; note: string };

const vectors = parse<Vector>(readFileSync(new URL("../data/upn-vectors.csv", import.meta.url)), { columns: true });
const ofKind = (...kinds: string[]) => vectors.filter(({ kind }) => kinds.includes(kind));

const valid = ofKind("permanent", "temporary");
const badCheckLetter = ofKind("bad-check-letter");
const expectedLetter = badCheckLetter.flatMap(({ upn, note }) => {
  const letter = /(?:expected|should be) ([A-Z])$/.exec(note)?.[1];
  return letter === undefined ? [] : [{ upn, letter }];
});
const badFormat = ofKind("bad-format");
const needsNormalising = ofKind("needs-normalising");

describe("the published vectors", () => {
  it("are all here and all used", () => {
    expect(vectors).toHaveLength(44);
    expect(valid).toHaveLength(17);
    expect(badCheckLetter).toHaveLength(9);
    expect(expectedLetter).toHaveLength(8);
    expect(badFormat).toHaveLength(17);
    expect(needsNormalising).toHaveLength(1);
    expect(vectors.filter((vector) => vector.valid === "true")).toEqual(valid);
  });

  it.each(valid)("$upn is a UPN and its letter agrees", ({ upn }) => {
    expect(hasUpnShape(upn)).toBe(true);
    expect(checkLetterAgrees(upn)).toBe(true);
  });

  it.each(badCheckLetter)("$upn has the shape and the wrong letter", ({ upn }) => {
    expect(hasUpnShape(upn)).toBe(true);
    expect(checkLetterAgrees(upn)).toBe(false);
  });

  it.each(expectedLetter)("$upn should start with $letter", ({ upn, letter }) => {
    expect(upnCheckLetter(upn)).toBe(letter);
  });

  it("Q207000016049, which vendors give as right, should start with P", () => {
    expect(upnCheckLetter("Q207000016049")).toBe("P");
  });

  it.each(badFormat)("$upn does not have the shape: $note", ({ upn }) => {
    expect(hasUpnShape(upn)).toBe(false);
    expect(hasUpnShape(normaliseUpn(upn))).toBe(false);
  });

  it.each(needsNormalising)("$upn is a UPN once normalised", ({ upn }) => {
    expect(hasUpnShape(upn)).toBe(false);
    expect(hasUpnShape(normaliseUpn(upn))).toBe(true);
    expect(checkLetterAgrees(normaliseUpn(upn))).toBe(true);
  });
});

describe("normalising", () => {
  it("trims and upper-cases", () => {
    expect(normaliseUpn(" \tg80120000101a\n")).toBe("G80120000101A");
  });

  it("leaves blanks inside alone", () => {
    expect(normaliseUpn("G801 20000101A")).toBe("G801 20000101A");
  });
});

describe("the shape", () => {
  it.each([..."ABCDEFGHJKLMNPQRTUVWXYZ"])("allows %s as check letter and as last character", (letter) => {
    expect(hasUpnShape(`${letter}801200001001`)).toBe(true);
    expect(hasUpnShape(`H80120000100${letter}`)).toBe(true);
  });

  it.each([..."IOS"])("allows %s as neither", (letter) => {
    expect(hasUpnShape(`${letter}801200001001`)).toBe(false);
    expect(hasUpnShape(`H80120000100${letter}`)).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["a digit in place of the check letter", "8801200001001"],
    ["a trailing line break", "H801200001001\n"],
    ["something before it", "xH801200001001"],
    ["digits of another script", "H80120000100١"],
  ])("refuses %s", (_what, value) => {
    expect(hasUpnShape(value)).toBe(false);
  });
});

describe("the check letter", () => {
  // A last character of value v contributes 13 × v: B 13 is P, C 26 is 3 is D, … Z 286 is 10 is L.
  it("takes every value that a last letter can have", () => {
    const lastLetters = [..."ABCDEFGHJKLMNPQRTUVWXYZ"];
    expect(lastLetters.map((letter) => upnCheckLetter(`A00000000000${letter}`)).join("")).toBe(
      "APDTGWKZNCRFVJYMBQEUHXL",
    );
  });

  it("weights each position by its number", () => {
    const twelve = [...Array(12).keys()];
    const oneAt = twelve.map((zeros) => `A${"0".repeat(zeros)}1${"0".repeat(11 - zeros)}`);
    expect(oneAt.map(upnCheckLetter).join("")).toBe("CDEFGHJKLMNP");
  });

  it("does not depend on the letter given", () => {
    expect(upnCheckLetter("Z801200001001")).toBe("H");
  });

  it("is refused for what is not a UPN, without repeating it", () => {
    expect(() => upnCheckLetter("R325")).toThrow(new RangeError("Not the shape of a UPN"));
  });

  it("never agrees with what is not a UPN", () => {
    expect(checkLetterAgrees("A")).toBe(false);
    expect(checkLetterAgrees("A12345678901!")).toBe(false);
  });
});
