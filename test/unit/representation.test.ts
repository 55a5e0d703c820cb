import type { APIGatewayProxyEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { demandFile, hasCopy, preferredMedia } from "../../shared/http/representation.ts";

const offered = ["application/json", "text/csv"] as const;
const json = "application/json";
const csv = "text/csv";

describe("a file of bytes", () => {
  it.each(["application/zip", "Application/ZIP ;q=0.3", "application/zip, */*"])("is asked for by %j", (accept) => {
    expect(() => demandFile(accept, "application/zip")).not.toThrow();
  });

  it.each([
    "",
    "*/*",
    "application/*",
    "application/json, application/zip",
    "application/zip;q=0",
    "application/zipped",
  ])("is not by %j", (accept) => {
    expect(() => demandFile(accept, "application/zip")).toThrow(expect.objectContaining({ code: "not-acceptable" }));
  });
});

describe("the media type that Accept prefers", () => {
  it.each([
    ["", json],
    ["*/*", json],
    ["application/json", json],
    ["text/csv", csv],
    ["TEXT/CSV", csv],
    ["text/csv; charset=utf-8", csv],
    ["text/*", csv],
    ["text/csv, application/json", json],
    ["application/json;q=0.5, text/csv", csv],
    ["application/json;q=0.5, */*", csv],
    ["*/*;q=0.1, text/csv;q=0.2", csv],
    ["application/*;q=0.9, text/csv;q=0.8", json],
    ["text/*;q=0.9, text/csv;q=0, */*;q=0.1", json],
    ["application/json;q=0, */*", csv],
    ["text/html, */*;q=0.01", json],
    ["text/csv ; Q=0.300 , application/json ; q=0.301", json],
    ["nonsense", json],
    ["nonsense, text/csv", csv],
    ["application/json;q=2, text/csv;q=0.1", csv],
  ])("%j: %s", (accept, preferred) => {
    expect(preferredMedia(accept, offered)).toBe(preferred);
  });

  it.each(["text/html", "application/json;q=0", "image/*", "*/*;q=0", "text/csv;q=0, application/*;q=0.000"])(
    "%s: neither",
    (accept) => {
      expect(() => preferredMedia(accept, offered)).toThrow(
        expect.objectContaining({
          code: "not-acceptable",
          message: "This address answers in application/json or text/csv: Accept allows neither.",
        }),
      );
    },
  );
});

describe("whether the caller has a copy", () => {
  const asked = (...values: string[]) =>
    ({ headers: {}, multiValueHeaders: { "If-None-Match": values } }) as unknown as APIGatewayProxyEvent;

  it.each([
    [['"a"'], true],
    [['W/"a"'], true],
    [["*"], true],
    [['"b", "a"'], true],
    [['"b"', '"a"'], true],
    [['"b,c" ,W/"a"'], true],
    [[], false],
    [['"b"'], false],
    [["a"], false],
    [['"a'], false],
    [['"aa"'], false],
    [['""'], false],
  ])("If-None-Match %j: %s", (values, has) => {
    expect(hasCopy(asked(...values), '"a"')).toBe(has);
  });
});
