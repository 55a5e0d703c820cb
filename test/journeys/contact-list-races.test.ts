import { BatchGetCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { countChange, readSnapshot, withdrawAuthority } from "../../shared/store/directory.ts";
import { commit, type Dynamo, dynamoClient } from "../../shared/store/dynamo.ts";
import { tables } from "../../shared/store/tables.ts";
import { sendFile } from "../builders/contact-file.ts";
import { useExchange } from "../builders/exchange.ts";

const exchange = useExchange();

type Contact = { authority: string; name: string };

/** So many that more than one transaction stages them: 100 items at most, and two for each that is put in place. */
const codes: string[] = [];
let dfe: Client;
beforeAll(async () => {
  dfe = await exchange.client("dfe");
  const { items } = (await dfe.get("/v1/authorities?nation=England&limit=100")).json() as { items: { code: string }[] };
  codes.push(...items.map(({ code }) => code).filter((code) => code !== "201"));
  expect(codes.length).toBeGreaterThan(98);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const header = "LA code,Contact name,Role,Email,Telephone";
const fileOf = (name: string): string =>
  [header, ...codes.map((code) => `${code},${name},lead,team.${code}@x.gov.uk,0121 303 1234`)].join("\r\n");
const publish = (): Promise<Answer> => dfe.post("/v1/contact-list/publications", {});

/** The names that a publication has for the authorities of the file: one alone, unless it holds a mixture. */
const namesIn = async (number: number): Promise<string[]> => {
  const answer = await dfe.get(`/v1/contact-list/publications/${number}`, { headers: { accept: "application/json" } });
  const { contacts } = answer.json() as { contacts: Contact[] };
  const own = contacts.filter(({ authority }) => codes.includes(authority));
  expect(new Set(own.map(({ authority }) => authority)).size).toBe(codes.length);
  return [...new Set(own.map(({ name }) => name))];
};
const numberOf = (answer: Answer): number => (answer.json() as { number: number }).number;
/** Has something happen when one of the transactions of whatever is going on is about to be made. */
const happenBefore = (transaction: number, happen: () => Promise<void>): void => {
  const dynamo = dynamoClient();
  const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
  let transactions = 0;
  const interrupted = async (command: unknown): Promise<unknown> => {
    if (command instanceof TransactWriteCommand) {
      transactions += 1;
      if (transactions === transaction) await happen();
    }
    return send(command);
  };
  vi.spyOn(dynamo, "send").mockImplementation(interrupted as typeof dynamo.send);
};

describe("an authority whose contacts are replaced again and again", () => {
  it("never grows beyond what can be written, and loses nobody in effect", async () => {
    // 200 letters of two bytes each, and a new address each time: nobody is anybody who was there before. If all were
    // kept, they would be more than 400 KB in the ninth round.
    const name = (round: number, nth: number) => `${"ö".repeat(190)} ${round} ${nth}`;
    const domain = `${`${"x".repeat(60)}.`.repeat(3)}gov.uk`;
    const fileOfRound = (round: number): string =>
      [
        header,
        ...Array.from(
          { length: 30 },
          (_, nth) => `202,${name(round, nth)},lead,t${round}.${nth}@${domain},0121 303 1234`,
        ),
      ].join("\n");
    for (let round = 0; round < 9; round += 1) {
      const answer = await sendFile(dfe, fileOfRound(round));
      expect(answer.status, `round ${round}: ${answer.text}`).toBe(201);
    }
    const { items } = (await dfe.get("/v1/authorities/202/contacts?limit=100")).json() as { items: Contact[] };
    expect(items.map((each) => each.name).sort()).toEqual(Array.from({ length: 30 }, (_, nth) => name(8, nth)).sort());
  });
});

describe("a publication while an import is carried out", () => {
  it("holds the whole of the old list or the whole of the new one", async () => {
    expect((await sendFile(dfe, fileOf("Before"))).status).toBe(201);
    const first = numberOf(await publish());
    const publishing = async (answers: Answer[] = []): Promise<Answer[]> =>
      answers.length === 3 ? answers : publishing([...answers, await publish()]);
    const importing = (async () => {
      for (const name of ["First", "Second"]) {
        expect((await sendFile(dfe, fileOf(name))).status).toBe(201);
      }
    })();
    const [answers] = await Promise.all([publishing(), importing]);
    for (const answer of answers) expect([200, 201, 503], answer.text).toContain(answer.status);
    const last = numberOf(await publish());
    const names: string[][] = [];
    for (let number = first; number <= last; number += 1) names.push(await namesIn(number));
    expect(names.filter((each) => each.length !== 1)).toEqual([]);
    const order = ["Before", "First", "Second"];
    expect(names.flat()).toEqual(order.filter((name) => names.flat().includes(name)));
    expect(names.at(-1)).toEqual(["Second"]);
  });

  // Start, two of staging, commit, three of putting in place, and the end. Half staged, committed, half in place,
  // and all of it.
  it.each([3, 5, 6, 8])("never holds a mixture, if it comes before transaction %i", async (step) => {
    const [before] = await namesIn(numberOf(await publish()));
    let between: Answer | undefined;
    happenBefore(step, async () => {
      between = await publish();
    });
    const imported = await sendFile(dfe, fileOf(`Step ${step}`));
    expect(imported.status, imported.text).toBe(201);
    expect([200, 201, 503], between?.text).toContain(between?.status);
    if (between && between.status !== 503) {
      expect(await namesIn(numberOf(between))).toEqual([step === 8 ? "Step 8" : before]);
    }
    expect(await namesIn(numberOf(await publish()))).toEqual([`Step ${step}`]);
  });
});

describe("a reading of the whole list", () => {
  it("that meets what an import has staged waits for that alone, and then finds the new list", async () => {
    const [again, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const asked: number[] = [];
    const send = async (command: BatchGetCommand): Promise<unknown> => {
      asked.push(command.input.RequestItems?.[tables.directory.name]?.Keys?.length ?? 0);
      if (asked.length === 6) {
        again.resolve();
        await done.promise;
      }
      return dynamoClient().send(command);
    };
    let reading: ReturnType<typeof readSnapshot> | undefined;
    // Start, staging, commit.
    happenBefore(3, async () => {
      reading = readSnapshot({ send } as unknown as Dynamo, tables.directory.name);
      await again.promise;
    });
    expect((await sendFile(dfe, `${header}\r\n203,Listed,lead,listed@x.gov.uk,0121 303 1234`)).status).toBe(201);
    done.resolve();
    const greenwich = (await reading)?.authorities.find(({ code }) => code === "203");
    expect(Object.values(greenwich?.contacts ?? {}).filter(({ effectiveTo }) => effectiveTo === null)).toMatchObject([
      { name: "Listed" },
    ]);
    // 208 authorities in four nations and seven that have ended.
    const whole = [1, 100, 100, 15, 1];
    expect(asked).toEqual([...whole, 1, ...whole]);
  });

  it("finds no authority that is withdrawn meanwhile, and reads again", async () => {
    const table = tables.directory.name;
    const [authority] = (await readSnapshot(dynamoClient(), table)).authorities.filter(({ code }) => code === "201");
    if (!authority) throw new TypeError("No City of London");
    const names = { directory: table, changes: tables.changes.name };
    const fact = { type: "authority.reorganised", at: "2026-11-21T10:00:00.000Z", actor: exchangeItself } as const;
    const dynamo = dynamoClient();
    const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
    let readings = 0;
    const interrupted = async (command: unknown): Promise<unknown> => {
      readings += command instanceof BatchGetCommand ? 1 : 0;
      if (readings === 2 && command instanceof BatchGetCommand) {
        await commit(dynamo, [
          ...withdrawAuthority(names, authority, { ...fact, before: null, after: null }),
          countChange(table, [], ["201"]),
        ]);
      }
      return send(command);
    };
    vi.spyOn(dynamo, "send").mockImplementation(interrupted as typeof dynamo.send);
    const { authorities } = await readSnapshot(dynamo, table);
    expect(authorities.map(({ code }) => code)).not.toContain("201");
  });
});
