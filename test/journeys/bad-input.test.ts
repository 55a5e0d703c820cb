import { describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";
import naughtyStrings from "../data/naughty-strings.json" with { type: "json" };

const exchange = useExchange();

/** Stands in whatever is sent to be refused, and must come back in no answer. */
const marker = "Xyzzy-Featherstonehaugh";

type Fault = { pointer: string; detail: string };

/** That an answer is a problem (RFC 9457) which is told apart by its code and repeats nothing of what was sent. */
const expectProblem = (answer: Answer, status: number, code: string): { errors?: Fault[] } => {
  expect([answer.status, answer.headers.get("content-type")], answer.text).toEqual([
    status,
    "application/problem+json",
  ]);
  const { title, detail, errors, ...rest } = answer.json() as Record<string, unknown>;
  expect([typeof title, typeof detail]).toEqual(["string", "string"]);
  expect(rest).toEqual({
    type: `urn:cme-referral-exchange:problem:${code}`,
    status,
    code,
    instance: answer.headers.get("x-request-id"),
  });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.text).not.toContain(marker);
  return { ...(errors !== undefined && { errors: errors as Fault[] }) };
};

const faultsOf = (answer: Answer): Fault[] | undefined => expectProblem(answer, 422, "validation-failed").errors;

const sender = (): Promise<Client> => exchange.client("201");

const post = async (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  (await sender()).post("/v1/referrals", body, { headers });

/** Sends what the client would, with another body: bytes rather than text. Without a content type unless one is given. */
const postBytes = async (bytes: Uint8Array<ArrayBuffer>, contentType?: string): Promise<Answer> => {
  const client = await sender();
  await client.get("/v1/referrals?box=inbox"); // so that no token is fetched meanwhile
  const { fetch } = globalThis;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const headers = new Headers(init?.headers);
    headers.delete("content-type");
    if (contentType !== undefined) headers.set("content-type", contentType);
    return fetch(input, { ...init, headers, body: bytes });
  });
  try {
    return await client.post("/v1/referrals", "");
  } finally {
    spy.mockRestore();
  }
};

const exampleText = (): string => JSON.stringify(exampleReferral());
const withIdentity = (members: object) => {
  const { child, ...rest } = exampleReferral();
  return { ...rest, child: { ...child, identity: { ...child.identity, ...members } } };
};
const withChild = (members: object) => {
  const { child, ...rest } = exampleReferral();
  return { ...rest, child: { ...child, ...members } };
};

describe("a body that is no JSON", () => {
  it.each([
    "",
    "{",
    exampleText().slice(0, -1),
    `${exampleText()}}`,
    `${exampleText()} ${marker}`,
    `{'recipient':'${marker}'}`,
    `{"recipient":"330",}`,
    "undefined",
    "NaN",
    `{"recipient":"${marker}\u0000"}`,
    `\uFEFF${exampleText()}`,
    `recipient=${marker}`,
    `<referral>${marker}</referral>`,
  ])("is refused: %j", async (body) => {
    expectProblem(await post(body), 400, "malformed-json");
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["a cut sequence", [0xc3]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["Latin-1", [0xe9]],
  ])("is refused when it is not UTF-8: %s", async (_, bytes) => {
    const [before, after] = exampleText().split("Okafor");
    const body = Buffer.concat([Buffer.from(`${before}${marker}`), Buffer.from(bytes), Buffer.from(`${after}`)]);
    expectProblem(await postBytes(body, "application/json"), 400, "malformed-json");
  });

  it("is refused in UTF-16", async () => {
    expectProblem(await postBytes(Buffer.from(exampleText(), "utf16le"), "application/json"), 400, "malformed-json");
  });

  it("that names a member twice is refused, in whatever spelling", async () => {
    const twice = exampleText().replace('"surname":', `"surname":"${marker}","surn\\u0061me":`);
    expectProblem(await post(twice), 400, "duplicate-member");
    expectProblem(await post(`{"recipient":"330",${exampleText().slice(1)}`), 400, "duplicate-member");
  });

  it("that nests too deep is refused at once", async () => {
    const nested = (depth: number) =>
      `{"recipient":"330","sentBy":"201-lead","child":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(faultsOf(await post(nested(31)))).toEqual([{ pointer: "/child", detail: "must be an object" }]);
    expectProblem(await post(nested(32)), 400, "nesting-too-deep");
    expectProblem(await post("[".repeat(250_000)), 400, "nesting-too-deep");
    expectProblem(await post('{"child":'.repeat(28_000)), 400, "nesting-too-deep");
  });
});

describe("a body of another media type", () => {
  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json5",
    "application/problem+json",
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    `application/json; profile=${marker}`,
    "application/json, text/plain",
    "*/*",
    "",
  ])("is refused: %j", async (type) => {
    expectProblem(await post(exampleReferral(), { "content-type": type }), 415, "media-type-unsupported");
  });

  it("is refused when it says nothing", async () => {
    expectProblem(await postBytes(Buffer.from(exampleText())), 415, "media-type-unsupported");
  });

  it.each(["application/json; charset=utf-8", 'APPLICATION/JSON ; Charset="UTF-8"', "application/json;"])(
    "is not: %s",
    async (type) => {
      expect((await post(exampleReferral(), { "content-type": type })).status).toBe(201);
    },
  );
});

describe("a body's size", () => {
  /** The example, made as many bytes long by blanks. */
  const padded = (bytes: number, text = exampleText()) => text + " ".repeat(bytes - Buffer.byteLength(text));

  it("may be 262144 bytes and no more", async () => {
    expect((await post(padded(262_144))).status).toBe(201);
    expectProblem(await post(padded(262_145)), 413, "body-too-large");
  });

  it("is counted in bytes, not characters", async () => {
    const text = JSON.stringify(withIdentity({ surname: "é".repeat(140_000) }));
    expect(text.length).toBeLessThan(262_144);
    expectProblem(await post(text), 413, "body-too-large");
  });

  it("is refused before the gateway has read it all", async () => {
    expectProblem(await post(padded(10 * 1024 * 1024 + 1)), 413, "body-too-large");
  });
});

describe("a body of another shape", () => {
  it.each(["[]", "null", "1", `"${marker}"`, "true"])("is refused: %s", async (body) => {
    expect(faultsOf(await post(body))).toEqual([{ pointer: "", detail: "must be an object" }]);
  });

  it("is refused with every member that is missing", async () => {
    expect(faultsOf(await post({}))).toEqual([
      { pointer: "/recipient", detail: "is required" },
      { pointer: "/sentBy", detail: "is required" },
      { pointer: "/child", detail: "is required" },
    ]);
  });

  it("is refused with unknown members, which are not repeated", async () => {
    const members = "kind, recipient, sentBy, child, entryId, urgency, followsReferralId, temporaryAuthority";
    expect(faultsOf(await post({ ...exampleReferral(), [marker]: marker, sender: "330" }))).toEqual([
      { pointer: "", detail: `has 2 members that are not known here; it may have: ${members}` },
    ]);
    expect(faultsOf(await post(withChild({ [marker]: { [marker]: 1 } })))).toMatchObject([{ pointer: "/child" }]);
    for (const name of ["__proto__", "constructor", "toString", marker]) {
      const text = exampleText().replace('"identity":{', `"identity":{"${name}":{"surname":"${marker}"},`);
      expect(faultsOf(await post(text))).toMatchObject([{ pointer: "/child/identity" }]);
    }
    expect(faultsOf(await post(`{"\\ud800":"${marker}",${exampleText().slice(1)}`))).toMatchObject([{ pointer: "" }]);
  });

  it.each([
    "2016-02-30",
    "2015-02-29",
    "2016-5-17",
    "17/05/2016",
    "2016-05-17T00:00:00Z",
    "",
    `${marker}`,
    "1899-12-31",
  ])("is refused with the date %j, wherever it stands", async (date) => {
    const body = withChild({
      identity: { ...exampleReferral().child.identity, dateOfBirth: date },
      school: { lastAttended: date, deletion: { date, ground: "G" } },
      evidenceOfMove: [{ kind: "other", date, source: "neighbour" }],
    });
    expect(faultsOf(await post(body))?.map(({ pointer }) => pointer)).toEqual([
      "/child/identity/dateOfBirth",
      "/child/school/lastAttended",
      "/child/school/deletion/date",
      "/child/evidenceOfMove/0/date",
    ]);
  });

  it("is refused with NUL and with half a surrogate pair, however they are spelt", async () => {
    for (const surname of ["\\u0000", `${marker}\\u0000`, "\\ud800", `${marker}\\udc00`, "\\udc00\\ud800"]) {
      const text = exampleText().replace("O’Connor-Okafor", surname);
      expect(faultsOf(await post(text))).toMatchObject([{ pointer: "/child/identity/surname" }]);
    }
    const paired = exampleText().replace("O’Connor-Okafor", "\\ud83d\\ude00");
    expect((await post(paired)).status).toBe(201);
  });

  it("is refused with a value of another type, wherever it stands, with a pointer to it", async () => {
    const wrong = (value: unknown): unknown[] =>
      typeof value === "string" ? [1, null, [marker], { [marker]: 1 }] : [marker, 1, null, [[marker]]];
    const leaves = (value: unknown, path: string[]): { path: string[]; value: unknown }[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]))
        : [{ path, value }];
    const replaced = (value: unknown, [name, ...rest]: string[], by: unknown): unknown => {
      if (name === undefined) return by;
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[name] = replaced(copy[name], rest, by);
      return copy;
    };
    const all = leaves(exampleReferral(), []);
    expect(all).toHaveLength(53);
    for (const { path, value } of all) {
      const answers = await Promise.all(wrong(value).map((by) => post(replaced(exampleReferral(), path, by))));
      for (const answer of answers) {
        const pointers = faultsOf(answer)?.map(({ pointer }) => pointer);
        expect(pointers).toEqual([expect.stringMatching(new RegExp(`^/${path.join("/")}(/|$)`))]);
      }
    }
  });

  it("is refused for every action", async () => {
    const { id } = await submit(await sender());
    const [one, other] = [await sender(), await exchange.client("330")];
    const at = `/v1/referrals/${id}`;
    const refused: [Client, string, unknown, string[]][] = [
      [other, "receipt", {}, ["/confirmedBy"]],
      [other, "receipt", { confirmedBy: "330-lead", note: "" }, ["/note"]],
      [other, "receipt", { confirmedBy: "330-lead", note: `${marker}\u0000` }, ["/note"]],
      [other, "receipt", { confirmedBy: `${marker} ${marker}`, [marker]: 1 }, ["/confirmedBy", ""]],
      [other, "receipt", { confirmedBy: "330-lead", note: marker.repeat(200) }, ["/note"]],
      [other, "return", { reason: marker }, ["/reason"]],
      [other, "return", { reason: "duplicate", suggestedRecipient: marker }, ["/suggestedRecipient"]],
      [one, "withdrawal", {}, ["/reason"]],
      [one, "withdrawal", { reason: " " }, ["/reason"]],
      [other, "finding", { finding: marker, foundBy: "330-lead" }, ["/finding"]],
      [other, "finding", { finding: "located" }, ["/foundBy"]],
      [other, "conclusion", { outcome: marker }, ["/outcome"]],
      [other, "conclusion", { outcome: "on-school-register", schoolUrn: "1" }, ["/schoolUrn", "/startDate"]],
      [other, "conclusion", { outcome: "suitable-education-otherwise" }, ["/provision"]],
      [one, "removal", { removedBy: "" }, ["/removedBy"]],
      [one, "removal", [], [""]],
    ];
    for (const [client, action, body, pointers] of refused) {
      const answer = await client.post(`${at}/${action}`, body);
      expect([action, body, faultsOf(answer)?.map(({ pointer }) => pointer)]).toEqual([action, body, pointers]);
    }
    expect((await one.get(at)).json()).toMatchObject({ state: "awaiting-receipt", version: 1 });
  });
});

describe("a surname", () => {
  /** Every ninth of the list, and the longest; the others are tried on the schema alone. */
  const chosen = naughtyStrings.filter((text, index) => index % 9 === 0 || text.length > 200);

  it("is kept to the letter, however naughty, or refused", async () => {
    const refused: string[] = [];
    const kept: string[] = [];
    const [one, other] = [await sender(), await exchange.client("330")];
    const attempt = async (surname: string): Promise<void> => {
      const body = withIdentity({ surname });
      const answer = await one.post("/v1/referrals", body);
      if (answer.status !== 201) {
        expect(faultsOf(answer)).toMatchObject([{ pointer: "/child/identity/surname" }]);
        refused.push(surname);
        return;
      }
      const { id } = answer.json() as Summary;
      expect((await other.get(`/v1/referrals/${id}/child`)).json()).toEqual(body.child);
      kept.push(surname);
    };
    for (let at = 0; at < chosen.length; at += 8) await Promise.all(chosen.slice(at, at + 8).map(attempt));
    expect(kept.length).toBeGreaterThan(50);
    const tooLongBlankOrControl = /^.{101,}$|^[\s\u200b]*$|[\p{Cc}\p{Zl}\p{Zp}]/su;
    expect(refused.filter((text) => !tooLongBlankOrControl.test(text))).toEqual([]);
    expect(kept.filter((text) => tooLongBlankOrControl.test(text))).toEqual([]);
  });
});

describe("an address", () => {
  it("with a malformed id leads nowhere", async () => {
    const client = await sender();
    const { id } = await submit(client);
    const ids = [
      "1",
      marker,
      id.toUpperCase(),
      `{${id}}`,
      `${id}%00`,
      `${id}%20`,
      `%20${id}`,
      id.replaceAll("-", ""),
      id.replace("-7", "-4"),
      "00000000-0000-0000-0000-000000000000",
      "..%2f..%2fhealthz",
      "%ff",
      "a".repeat(3000),
      "__proto__",
      "019f0000-0000-7000-8000-00000000dead",
    ];
    for (const each of ids) {
      for (const view of ["", "/child", "/notes", "/receipt", "/removal", "/events"]) {
        expectProblem(await client.get(`/v1/referrals/${each}${view}`), 404, "not-found");
      }
      expectProblem(await client.post(`/v1/referrals/${each}/withdrawal`, { reason: "x" }), 404, "not-found");
      expectProblem(await client.get(`/v1/cme-list/${each}`), 404, "not-found");
    }
  });

  it("that is not there is a 404, and another method a 405", async () => {
    const client = await sender();
    for (const path of ["/", "/v1", "/v1/", "/v1/referrals/", "/v1/Referrals", "/v1//referrals", `/v1/${marker}`]) {
      expectProblem(await client.get(path), 404, "not-found");
    }
    const answer = await client.post("/v1/cme-list/019f0000-0000-7000-8000-00000000dead", {});
    const { title, status, code, allowed } = answer.json() as Record<string, unknown>;
    expect([answer.status, answer.headers.get("allow"), title, status, code, allowed]).toEqual([
      405,
      "GET",
      "Method not allowed",
      405,
      "method-not-allowed",
      ["GET"],
    ]);
  });

  it("with a naughty query is refused without repeating it", async () => {
    const client = await sender();
    for (const query of [`box=${marker}`, `box=inbox&state=${marker}`, `box=inbox&${marker}=1`, "box=%ff%00"]) {
      faultsOf(await client.get(`/v1/referrals?${query}`));
    }
    expectProblem(await client.get(`/v1/referrals?box=inbox&cursor=${marker}`), 400, "cursor-invalid");
  });
});

it("nothing of all this was an internal error, and nothing sent stands in the log", () => {
  const lines = exchange.logLines.map((line) => JSON.parse(line) as { code: string; status?: number });
  expect(lines.filter(({ code }) => code === "request-completed").length).toBeGreaterThan(400);
  expect(lines.filter(({ code, status }) => code === "request-failed" || (status ?? 0) >= 500)).toEqual([]);
  expect(exchange.logLines.join("")).not.toContain(marker);
});
