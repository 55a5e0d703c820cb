import { readFileSync } from "node:fs";
import { TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { parse } from "csv-parse/sync";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import writeXlsxFile from "write-excel-file/node";
import { handler as settleImports } from "../../functions/contact-list/settle-imports.ts";
import type { Answer, Client } from "../../infra/local/client.ts";
import { linkFault } from "../../shared/domain/event-chain.ts";
import { type Authority, readSnapshot } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tables } from "../../shared/store/tables.ts";
import { sendFile, xlsx } from "../builders/contact-file.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

const exchange = useExchange();

type Shown = { contactId: string; name: string; role: string; email: string; telephone: string; version: number };
type Link = Parameters<typeof linkFault>[0][number] & { type: string; before: unknown[]; after: Shown[] };

let dfe: Client;
beforeAll(async () => {
  dfe = await exchange.client("dfe");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const snapshot = () => readSnapshot(dynamoClient(), tables.directory.name);
const inEffect = async (code: string): Promise<Shown[]> =>
  ((await dfe.get(`/v1/authorities/${code}/contacts?limit=100`)).json() as { items: Shown[] }).items;
const namesIn = async (code: string): Promise<string[]> => (await inEffect(code)).map(({ name }) => name).sort();
/** The chain of an authority's changes, after it was verified. */
const chainOf = async (code: string): Promise<Link[]> => {
  const { items } = (await dfe.get(`/v1/authorities/${code}/changes?limit=100`)).json() as { items: Link[] };
  expect(linkFault(items)).toBeUndefined();
  return items;
};
const imported = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(201);
  const { added, changed, retired, unchanged } = answer.json() as Record<string, number>;
  return { added, changed, retired, unchanged };
};
const refused = (answer: Answer, status: number, code: string): Record<string, unknown> => {
  const body = answer.json() as Record<string, unknown>;
  expect([answer.status, body.code]).toEqual([status, code]);
  return body;
};

/** Another import was first, or too much was going on at once: nothing was done. */
const turnedAway = (answer: Answer): void => {
  const { code } = answer.json() as { code: string };
  expect([
    [409, "import-under-way"],
    [503, "busy"],
  ]).toContainEqual([answer.status, code]);
};

const header = "LA code,Contact name,Role,Email,Telephone";
const line = (code: string, name: string, role = "lead") =>
  `${code},${name},${role},${name.toLowerCase().replace(/\W/g, ".")}.${code}@x.gov.uk,0121 303 1234`;
const file = (...lines: string[]): string => [header, ...lines].join("\r\n");

describe("the real list", () => {
  type Row = Record<"dfeCode" | "gssCode" | "name" | "councilName", string>;
  const real = parse<Row>(readFileSync(new URL("../../infra/local/data/authorities.csv", import.meta.url)), {
    columns: true,
  });
  const spelling = [
    ({ name }: Row) => name,
    ({ councilName }: Row) => councilName,
    ({ name }: Row) => name.toUpperCase(),
    ({ councilName }: Row) => councilName.replace(" and ", " & ").replace("Metropolitan Borough Council", "MBC"),
    ({ gssCode }: Row) => gssCode,
    ({ dfeCode }: Row) => dfeCode,
    ({ name }: Row) => ` ${name.replaceAll("-", " ")} `,
  ];
  const spelt = (row: Row, at: number): string => spelling[at % spelling.length]?.(row) ?? "";
  const expected = (telephone: string) =>
    Object.fromEntries(
      real.map(({ dfeCode }) => [
        dfeCode,
        [
          ["deputy", "Zoë O’Neill", `z.${dfeCode}@x.gov.uk`, "020 7946 0000"],
          ["inbox", `Team, ${dfeCode}`, `cme.${dfeCode}@x.gov.uk`, telephone],
        ],
      ]),
    );
  const actual = ({ authorities }: { authorities: Authority[] }) =>
    Object.fromEntries(
      authorities
        .filter(({ nation, effectiveTo }) => nation === "England" && effectiveTo === null)
        .map(({ code, contacts }) => [
          code,
          Object.values(contacts)
            .filter(({ effectiveTo }) => effectiveTo === null)
            .map(({ role, name, email, telephone }) => [role, name, email, telephone])
            .sort(),
        ]),
    );

  it("is imported from a workbook with all 153 authorities under their spellings, and then from a CSV", async () => {
    const text = (value: string) => ({ value, type: String });
    const headings = ["Tel", "E-mail", "Local authority", "Named officer", "Role", "Office hours"].map(text);
    const rows = real.flatMap((row, at) => [
      [
        { value: 2079460000, type: Number },
        ...[`z.${row.dfeCode}@x.gov.uk`, spelt(row, at), "Zoë O’Neill", "Deputy", "9–5"].map(text),
      ],
      [
        "0121 303 1234",
        `cme.${row.dfeCode}@x.gov.uk`,
        spelt(row, at + 1),
        `Team, ${row.dfeCode}`,
        "Team mailbox",
        "",
      ].map(text),
    ]);
    const workbook = await writeXlsxFile([headings, ...rows]).toBuffer();

    const dry = await sendFile(dfe, workbook, { media: xlsx, dryRun: true });
    expect(dry.status, dry.text).toBe(200);
    expect(dry.json()).toMatchObject({
      sheet: "Sheet1",
      refused: [],
      counts: { added: 306, changed: 0, retired: 306, refused: 0 },
      columnsIgnored: ["Office hours"],
    });
    const untouched = await snapshot();
    expect(Object.keys(actual(untouched)["330"] ?? {})).toHaveLength(2);
    expect(await namesIn("330")).toEqual(["CME lead officer, Birmingham", "CME team inbox, Birmingham"]);

    const done = await sendFile(dfe, workbook, { media: xlsx });
    expect(imported(done)).toEqual({ added: 306, changed: 0, retired: 306, unchanged: 0 });
    expect((done.json() as { authoritiesNotInFile: string[] }).authoritiesNotInFile).toHaveLength(55);
    expect(actual(await snapshot())).toEqual(expected("0121 303 1234"));
    expect((await chainOf("801")).map(({ type }) => type)).toEqual(["authority.added", "contacts.imported"]);

    const again = await sendFile(dfe, workbook, { media: xlsx });
    expect(imported(again)).toEqual({ added: 0, changed: 0, retired: 0, unchanged: 306 });
    expect(await chainOf("801")).toHaveLength(2);

    const csv = real.flatMap((row, at) => [
      `"${spelt(row, at + 3)}";z.${row.dfeCode}@X.gov.uk;020 7946 0000;deputy;"Zoë O’Neill"`,
      `"${spelt(row, at + 4)}";cme.${row.dfeCode}@x.gov.uk;0121 303 9999;inbox;"Team, ${row.dfeCode}"`,
    ]);
    const semicolons = ["LA;Mailbox;Phone;Role;Contact", ...csv].join("\n").replaceAll("X.gov.uk", "x.gov.uk");
    // Windows-1252, as Excel in Britain writes it: ë is EB and ’ is 92.
    const bytes = Buffer.from(semicolons.replaceAll("’", "\u0092"), "latin1");
    expect(imported(await sendFile(dfe, bytes))).toEqual({ added: 0, changed: 153, retired: 0, unchanged: 153 });
    expect(actual(await snapshot())).toEqual(expected("0121 303 9999"));
  });
});

describe("a file with a row that can't be taken", () => {
  it("imports nothing, says which rows and why, and never repeats what is in them", async () => {
    const before = await snapshot();
    const text = file(
      line("202", "Fine"),
      line("Atlantis", "Marker"),
      `203,=Marker(),lead,m@x.gov.uk,0121 303 1234`,
      line("203", "Ok"),
      line("203", "Ok"),
    );
    const body = refused(await sendFile(dfe, text), 422, "rows-refused");
    expect(body).toMatchObject({
      more: 0,
      rows: [
        { line: 3, column: "LA code", reason: "is no local authority that is known: give its DfE number" },
        { line: 4, column: "Contact name", reason: "begins as a formula does" },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/marker|atlantis/i);
    expect(await snapshot()).toEqual(before);
    const dry = await sendFile(dfe, text, { dryRun: true });
    expect(dry.json()).toMatchObject({ added: [{ name: "Fine" }], counts: { refused: 2 } });
  });

  it("lists a hundred of them, and says how many more there are", async () => {
    const rows = Array.from({ length: 9_999 }, (_, at) => line("Nowhere", `N${at}`));
    const body = refused(await sendFile(dfe, file(...rows)), 422, "rows-refused");
    expect(body.rows).toHaveLength(100);
    expect(body.more).toBe(9_899);
  });
});

describe("a hostile file", () => {
  it.each<[string, string | Uint8Array, string, number, string]>([
    ["macros", zipSync({ "xl/vbaProject.bin": strToU8("x") }), xlsx, 422, "file-unreadable"],
    ["a bomb", zipSync({ "xl/worksheets/sheet1.xml": new Uint8Array(40_000_000) }), xlsx, 422, "file-unreadable"],
    ["no workbook", "a,b", xlsx, 422, "file-unreadable"],
    ["no columns", "a,b\n1,2", "text/csv", 422, "file-unreadable"],
    ["nothing", "", "text/csv", 422, "file-unreadable"],
    ["another type", "a,b", "application/json", 415, "media-type-unsupported"],
    ["a byte too many", Buffer.alloc(4_500_001, "a"), "text/csv", 413, "body-too-large"],
    ["twenty megabytes", Buffer.alloc(20_000_000, "a"), "text/csv", 413, "body-too-large"],
  ])("is refused: %s", async (_, bytes, media, status, code) => {
    refused(await sendFile(dfe, bytes, { media }), status, code);
  });
});

describe("the same request again", () => {
  it("gets the first answer and does nothing; the key with another file is refused", async () => {
    const first = await sendFile(dfe, file(line("204", "One")), { key: "import-204" });
    expect(imported(first)).toMatchObject({ added: 1, retired: 2 });
    const repeat = await sendFile(dfe, file(line("204", "One")), { key: "import-204" });
    expect([repeat.status, repeat.text]).toEqual([201, first.text]);
    expect(repeat.headers.get("idempotency-replayed")).toBe("true");
    refused(await sendFile(dfe, file(line("204", "Two")), { key: "import-204" }), 422, "idempotency-key-reused");
    expect(await namesIn("204")).toEqual(["One"]);
  });

  it("is done once when five are sent at once", async () => {
    const text = file(line("205", "One"), line("206", "One"));
    const before = await chainOf("205");
    const answers = await Promise.all(Array.from({ length: 5 }, () => sendFile(dfe, text, { key: "import-205" })));
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map((each) => each.text)).size).toBe(1);
    for (const each of answers.filter(({ status }) => status !== 201)) turnedAway(each);
    const chain = await chainOf("205");
    expect(chain.slice(before.length).map(({ type }) => type)).toEqual(["contacts.imported"]);
  });
});

describe("a crash", () => {
  /** From that transaction on nothing reaches the database any more; the answer of that one is lost, or it as well. */
  const dieAt = (transaction: number, lost: "it" | "its answer") => {
    const dynamo = dynamoClient();
    const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
    let transactions = 0;
    let dead = false;
    const dying = async (command: unknown): Promise<unknown> => {
      if (dead) throw new Error("gone");
      if (!(command instanceof TransactWriteCommand)) return send(command);
      transactions += 1;
      if (transactions < transaction) return send(command);
      dead = true;
      if (lost === "its answer") await send(command);
      throw new Error("gone");
    };
    const spy = vi.spyOn(dynamo, "send").mockImplementation(dying as typeof dynamo.send);
    return () => spy.mockRestore();
  };

  // Start, staging, commit, putting in place, and the end.
  const steps = [1, 2, 3, 4, 5].flatMap((step) => [[step, "it"] as const, [step, "its answer"] as const]);

  it.each(steps)(
    "at transaction %i that loses %s leaves the old list or the new, and is made good",
    async (step, lost) => {
      const codes = ["301", "302", "303"];
      const name = `After ${step} ${lost === "it" ? "a" : "b"}`;
      const text = file(...codes.map((code) => line(code, name)));
      const before = new Map(await Promise.all(codes.map(async (code) => [code, await namesIn(code)] as const)));
      const key = `crash-${step}-${lost.length}`;

      const revive = dieAt(step, lost);
      await sendFile(dfe, text, { key });
      revive();

      const committed = step > 3 || (step === 3 && lost === "its answer");
      for (const code of codes) expect(await namesIn(code)).toEqual(committed ? [name] : before.get(code));

      await settleImports();
      if (!committed && !(step === 1 && lost === "it")) {
        // Not yet: for all that anybody knows it is still being staged.
        refused(await sendFile(dfe, file(line("304", name))), 409, "import-under-way");
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
        await settleImports();
        vi.useRealTimers();
      }
      const { authorities } = await snapshot();
      expect(authorities.filter(({ staged }) => staged)).toEqual([]);
      for (const code of codes) expect(await namesIn(code)).toEqual(committed ? [name] : before.get(code));

      const repeat = await sendFile(dfe, text, { key });
      expect(imported(repeat)).toMatchObject({ added: 3 });
      expect(repeat.headers.get("idempotency-replayed")).toBe(committed ? "true" : null);
      for (const code of codes) {
        expect(await namesIn(code)).toEqual([name]);
        const last = (await chainOf(code)).filter(({ after }) => JSON.stringify(after).includes(name));
        expect(last).toHaveLength(1);
      }
    },
  );
});

describe("an import in a race", () => {
  it("loses no edit: what came before it is planned for, what came after it stays", async () => {
    const camden = await exchange.client("307");
    const text = file(line("307", "Listed"), line("308", "Listed"));
    const add = (at: number) =>
      camden.post("/v1/authorities/307/contacts", {
        name: `Added ${at}`,
        role: "deputy",
        email: `added.${at}@x.gov.uk`,
        telephone: "0121 303 1234",
      });
    const before = await chainOf("307");
    const [answer, ...adds] = await Promise.all([
      sendFile(dfe, text),
      ...Array.from({ length: 12 }, (_, at) => add(at)),
    ]);
    const chain = (await chainOf("307")).slice(before.length);
    const added = adds.filter(({ status }) => status === 201);
    for (const each of adds) if (each.status !== 201) refused(each, 503, "busy");
    expect(chain.filter(({ type }) => type === "contact.added")).toHaveLength(added.length);
    if (answer?.status !== 201) turnedAway(answer as Answer);
    const at = chain.findIndex(({ type }) => type === "contacts.imported");
    expect(at === -1).toBe(answer?.status !== 201);
    const after = chain.slice(at + 1).filter(({ type }) => type === "contact.added");
    const names = after.map((each) => (each.after as unknown as Shown).name);
    expect(await namesIn("307")).toEqual(at === -1 ? expect.arrayContaining(names) : ["Listed", ...names].sort());
  });

  /** Has something happen when an import is about to be staged for the first time. */
  const beforeStaging = (happen: () => Promise<void>, { thenDie = false } = {}): void => {
    const dynamo = dynamoClient();
    const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
    let happened = false;
    let dead = false;
    const interrupted = async (command: unknown): Promise<unknown> => {
      if (dead) throw new Error("gone");
      const stages = command instanceof TransactWriteCommand && JSON.stringify(command.input).includes("SET staged");
      if (stages && !happened) {
        happened = true;
        await happen();
        dead = thenDie;
      }
      return send(command);
    };
    vi.spyOn(dynamo, "send").mockImplementation(interrupted as typeof dynamo.send);
  };

  const takenBack = async (): Promise<void> => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    await settleImports();
    vi.useRealTimers();
  };

  it("begins anew when it was taken for left behind, and taken back while it was being staged", async () => {
    beforeStaging(takenBack);
    expect(imported(await sendFile(dfe, file(line("313", "Listed"))))).toMatchObject({ added: 1, retired: 2 });
    expect(await namesIn("313")).toEqual(["Listed"]);
    expect((await snapshot()).authorities.filter(({ staged }) => staged)).toEqual([]);
  });

  it("stages nothing any more once it was taken back", async () => {
    const before = await namesIn("314");
    beforeStaging(takenBack, { thenDie: true });
    expect((await sendFile(dfe, file(line("314", "Listed")))).status).toBe(500);
    vi.restoreAllMocks();
    expect((await snapshot()).authorities.filter(({ staged }) => staged)).toEqual([]);
    expect(await namesIn("314")).toEqual(before);
  });

  it("is planned anew when an edit commits between its reading and its staging", async () => {
    const authority = await exchange.client("312");
    const body = { name: "In between", role: "deputy", email: "between@x.gov.uk", telephone: "0121 303 1234" };
    let edit: Promise<Answer> | undefined;
    beforeStaging(async () => {
      edit = authority.post("/v1/authorities/312/contacts", body);
      await edit;
    });

    expect(imported(await sendFile(dfe, file(line("312", "Listed"))))).toMatchObject({ added: 1, retired: 3 });

    expect((await edit)?.status).toBe(201);
    expect(await namesIn("312")).toEqual(["Listed"]);
    const [added, list] = (await chainOf("312")).slice(-2);
    expect([added?.type, list?.type]).toEqual(["contact.added", "contacts.imported"]);
    expect(JSON.stringify(list?.before)).toContain("In between");
  });

  it("lets no contact that it retired confirm a receipt", async () => {
    const sender = await exchange.client("201");
    const recipient = await exchange.client("309");
    const referrals = await Promise.all(
      Array.from({ length: 12 }, () => submit(sender, { recipient: "309", sentBy: senderId })),
    );
    const [done, ...receipts] = await Promise.all([
      untilDone("309"),
      ...referrals.map(({ id }) => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: recipientId })),
    ]);
    expect(imported(done as Answer)).toMatchObject({ added: 1 });
    for (const each of receipts) expect([201, 422, 503]).toContain(each.status);
    const late = await submit(sender, { recipient: "309", sentBy: senderId });
    const answer = await recipient.post(`/v1/referrals/${late.id}/receipt`, { confirmedBy: recipientId });
    refused(answer, 422, "validation-failed");
  });

  /** Asks again, as a client does that is told to, until the import is done. */
  const untilDone = async (code: string): Promise<Answer> => {
    const answer = await sendFile(dfe, file(line(code, "Listed")), { key: `until-done-${code}` });
    if (answer.status !== 503) return answer;
    return untilDone(code);
  };

  let senderId = "";
  let recipientId = "";
  beforeAll(async () => {
    senderId = (await inEffect("201"))[0]?.contactId ?? "";
    recipientId = (await inEffect("309"))[0]?.contactId ?? "";
  });

  it("is one at a time", async () => {
    const texts = Array.from({ length: 4 }, (_, at) => file(line("310", `Nr ${at}`), line("311", `Nr ${at}`)));
    const answers = await Promise.all(texts.map((text) => sendFile(dfe, text)));
    for (const each of answers) if (each.status !== 201) turnedAway(each);
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect(await namesIn("310")).toEqual(await namesIn("311"));
  });
});
