import { TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import type { JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as applyReorganisations } from "../../functions/contact-list/apply-reorganisations.ts";
import type { Answer, Client } from "../../infra/local/client.ts";
import { seedClients } from "../../infra/local/seed-clients.ts";
import { auditedTables } from "../../infra/operate/auditing.ts";
import { tell } from "../../infra/operate/fault.ts";
import { runAudit } from "../../infra/operate/run-audit.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { type Link, linkFault } from "../../shared/domain/event-chain.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";
import { faultOfTrail, openTrailStore, type TrailEvent } from "../campaigns/trail.ts";

/** Surrey (936) ends on 1 April 2027. It is a Monday in the March before; the clock goes forward only when told. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2027-03-15T10:00:00.000Z") });
});
const exchange = useExchange({ telling: true });
beforeAll(async () => {
  const { file } = await exchange.client("201");
  const begun = ["944", "945", "946", "947", "948", "949", "950"];
  await seedClients(exchange.clients, begun, file.issuer, "2027-03-15T10:00:00.000Z");
});
afterAll(() => {
  vi.useRealTimers();
});

const contact = (place: string, role: string) => ({
  name: `CME ${role}, ${place}`,
  role,
  email: `${role}@${place.toLowerCase().replaceAll(" ", "-")}.example.org`,
  telephone: "01632 960123",
});
const begins = (code: string, gssCode: string, name: string, neighbours: string[]) => ({
  code,
  gssCode,
  name,
  councilName: `${name} Council`,
  type: "Unitary authority",
  region: "South East",
  neighbours,
  contacts: [contact(name, "lead"), contact(name, "inbox")],
});
const surreySplits = {
  predecessor: "936",
  effectiveOn: "2027-04-01",
  successors: [
    begins("944", "E06000091", "West Surrey", ["850", "868", "867", "945"]),
    begins("945", "E06000092", "East Surrey", ["886", "944"]),
  ],
  remainderTo: "944",
};
/** The first moment of 1 April in England, where it is summer time. */
const midnight = "2027-03-31T23:00:00.000Z";

type Registered = { reorganisationId: string; state: string; successors: string[] };
type Entry = { entryId: string; status: string; referralId: string | null; closure: { as: string } | null };

const json = <T>({ status, text }: Answer, expected = 201): T => {
  expect(status, text).toBe(expected);
  return JSON.parse(text) as T;
};
const items = async <T>(client: Client, path: string): Promise<T[]> =>
  json<{ items: T[] }>(await client.get(path), 200).items;
const post = async (owner: string, path: string, body: unknown): Promise<Answer> =>
  (await exchange.client(owner)).post(path, body);
const referralOf = async (owner: string, id: string): Promise<Summary> =>
  json(await (await exchange.client(owner)).get(`/v1/referrals/${id}`), 200);
const leadOf = async (code: string): Promise<string> => {
  const found = await items<{ contactId: string; role: string }>(
    await exchange.client("201"),
    `/v1/authorities/${code}/contacts`,
  );
  return found.find(({ role }) => role === "lead")?.contactId ?? "";
};
const entriesOf = async (owner: string): Promise<Entry[]> => {
  const client = await exchange.client(owner);
  const open = await items<Entry>(client, "/v1/cme-list?status=open&limit=100");
  return [...open, ...(await items<Entry>(client, "/v1/cme-list?status=closed&limit=100"))];
};
/** The events that both sides see, verified; of what passed on, which role went to whom. */
const trailOf = async (owner: string, id: string): Promise<string[]> => {
  const events = await items<TrailEvent>(await exchange.client(owner), `/v1/referrals/${id}/events?limit=100`);
  expect(faultOfTrail(id, events)).toBeUndefined();
  return events.map(({ type, details: { role, from, to } }) =>
    type === "referral.reassigned" ? `${role} ${from} to ${to}` : type.slice("referral.".length),
  );
};
const at = async (moment: string): Promise<void> => {
  vi.setSystemTime(moment);
  await applyReorganisations();
};
const receive = async (owner: string, id: string): Promise<void> => {
  json(await post(owner, `/v1/referrals/${id}/receipt`, { confirmedBy: `${owner}-lead`, note: "Known to us" }));
};
const locate = async (owner: string, id: string): Promise<void> => {
  json(await post(owner, `/v1/referrals/${id}/finding`, { finding: "located", foundBy: `${owner}-lead` }));
};

/** The whole database, past everything the exchange answers: R1, R2, trails, evidence, entries and outbox. */
const faults = async (): Promise<string[]> => {
  const keys = (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const told: string[] = await openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "").faults();
  await exchange.telling?.idle();
  await runAudit({
    dynamo: dynamoClient(),
    names: tableNames(...auditedTables),
    keys,
    clock: () => new Date().toISOString(),
    segments: 2,
    onFault: (fault) => told.push(tell(fault)),
  });
  return told;
};

describe("a reorganisation", () => {
  it.each([
    [
      "today",
      { effectiveOn: "2027-03-15" },
      "/effectiveOn",
      "is not in the future: tomorrow in England is the earliest",
    ],
    ["of one that has ended", { predecessor: "837" }, "/predecessor", "has ended or is to end already"],
    [
      "of a Welsh authority",
      { predecessor: "660" },
      "/predecessor",
      "is not the DfE number of a local authority in England",
    ],
    ["without its remainder", { remainderTo: "330" }, "/remainderTo", "is not one of the successors"],
    [
      "to one that has ended",
      { successors: [{ code: "837" }], remainderTo: "837" },
      "/successors/0/code",
      "is an authority that is not in effect on that day",
    ],
    [
      "to one that is nowhere",
      { successors: [{ code: "999" }], remainderTo: "999" },
      "/successors/0/code",
      "is not the DfE number of a local authority in England, and is not described either",
    ],
    [
      "to one that is described in part",
      { successors: [{ code: "944", name: "West Surrey" }], remainderTo: "944" },
      "/successors/0/gssCode",
      "is required of an authority that begins",
    ],
    [
      "to a new one with another's GSS code",
      { successors: [begins("944", "E08000025", "West Surrey", [])], remainderTo: "944" },
      "/successors/0/gssCode",
      "is another authority's on that day",
    ],
    [
      "to a new one beside nobody",
      { successors: [begins("944", "E06000091", "West Surrey", ["999"])], remainderTo: "944" },
      "/successors/0/neighbours/0",
      "is not another authority that is there on that day",
    ],
  ])("%s is refused", async (_, change, pointer, detail) => {
    const { errors } = json<{ errors: unknown[] }>(
      await post("dfe", "/v1/reorganisations", { ...surreySplits, ...change }),
      422,
    );
    expect(errors).toContainEqual({ pointer, detail });
  });
});

describe("Surrey", () => {
  let reorganisation: string;
  const ids: Record<string, string> = {};
  let ownEntry: string;

  it("has children in every state when its end is registered", async () => {
    const toSurrey = async (name: string, sender: string, changes = {}) => {
      ids[name] = (await submit(await exchange.client(sender), { recipient: "936", ...changes })).id;
      return ids[name];
    };
    const fromSurrey = async (name: string, changes = {}) => {
      ids[name] = (await submit(await exchange.client("936"), { recipient: "330", ...changes })).id;
      return ids[name];
    };
    await toSurrey("awaiting", "201");
    await toSurrey("awaitingAssigned", "201");
    await receive("936", await toSurrey("received", "202"));
    await receive("936", await toSurrey("receivedAssigned", "202"));
    await receive("936", await toSurrey("located", "203"));
    await locate("936", ids.located ?? "");
    await receive("936", await toSurrey("concluded", "203"));
    await locate("936", ids.concluded ?? "");
    const provision = { outcome: "suitable-education-otherwise", provision: "Taught at home by a tutor" };
    json(await post("936", `/v1/referrals/${ids.concluded}/conclusion`, provision));
    await toSurrey("returned", "204");
    json(await post("936", `/v1/referrals/${ids.returned}/return`, { reason: "wrong-authority" }));
    await receive("936", await toSurrey("notLocated", "204"));
    const none = { finding: "not-located", foundBy: "936-lead" };
    json(await post("936", `/v1/referrals/${ids.notLocated}/finding`, none));
    await fromSurrey("sent");
    await receive("330", await fromSurrey("sentReceived"));
    await receive("330", await fromSurrey("sentRemoved"));
    json(await post("936", `/v1/referrals/${ids.sentRemoved}/removal`, { removedBy: "936-lead" }));
    await fromSurrey("withdrawn");
    json(await post("936", `/v1/referrals/${ids.withdrawn}/withdrawal`, { reason: "Back in school" }));
    await receive("936", await toSurrey("cameAndWent", "205"));
    await fromSurrey("referredOn", { recipient: "331", followsReferralId: ids.cameAndWent });
    ids.temporary = (await submit(await exchange.client("206"), { recipient: "207", temporaryAuthority: "936" })).id;
    const { child } = exampleReferral();
    ownEntry = json<Entry>(await post("936", "/v1/cme-list", { child })).entryId;

    const registered = json<Registered>(await post("dfe", "/v1/reorganisations", surreySplits));
    reorganisation = registered.reorganisationId;
    expect(registered).toMatchObject({ state: "registered", successors: ["944", "945"], remainderTo: "944" });
    expect(await items(await exchange.client("936"), "/v1/reorganisations")).toMatchObject([{ predecessor: "936" }]);
  });

  it("stays as it is until then, and is announced", async () => {
    const anyone = await exchange.client("201");
    expect(json(await anyone.get("/v1/authorities/936"), 200)).toMatchObject({
      effectiveTo: "2027-03-31",
      successors: ["944", "945"],
    });
    expect(json(await anyone.get("/v1/authorities/944"), 200)).toMatchObject({
      effectiveFrom: "2027-04-01",
      predecessors: ["936"],
    });
    expect(await items(anyone, "/v1/authorities/944/contacts")).toEqual([]);
    await at("2027-03-31T22:59:59.999Z");
    expect(await referralOf("936", ids.awaiting ?? "")).toMatchObject({ recipient: "936" });
    const early = await post("201", "/v1/referrals", { ...exampleReferral(), recipient: "945" });
    expect(json<{ errors: unknown }>(early, 422).errors).toEqual([
      { pointer: "/recipient", detail: "is an authority that begins on 2027-04-01" },
    ]);
  });

  it("assigns its children one by one, and nobody else does", async () => {
    const assign = (owner: string, body: object) =>
      post(owner, `/v1/reorganisations/${reorganisation}/assignments`, body);
    const [received] = (await entriesOf("936")).filter(({ referralId }) => referralId === ids.receivedAssigned);
    expect(json(await assign("936", { referralId: ids.awaitingAssigned, successor: "945" }))).toEqual({
      reorganisationId: reorganisation,
      referralId: ids.awaitingAssigned,
      entryId: null,
      successor: "945",
      effectiveFrom: midnight,
    });
    json(await assign("936", { entryId: received?.entryId, successor: "945" }));
    json(await assign("936", { referralId: ids.referredOn, successor: "945" }));
    json(await assign("936", { referralId: ids.sentReceived, successor: "945" }));

    expect((await assign("201", { referralId: ids.awaiting, successor: "945" })).status).toBe(403);
    expect(json(await assign("944", { referralId: ids.awaiting, successor: "945" }), 409)).toMatchObject({
      code: "state-does-not-allow",
      state: "registered",
    });
    const outsider = await assign("936", { referralId: ids.awaiting, successor: "330" });
    expect(json<{ errors: unknown }>(outsider, 422).errors).toEqual([
      { pointer: "/successor", detail: "is not one of the successors of this reorganisation" },
    ]);
    const others = await submit(await exchange.client("201"), { recipient: "202" });
    const foreign = await assign("936", { referralId: others.id, successor: "945" });
    expect(json<{ errors: unknown }>(foreign, 422).errors).toEqual([
      { pointer: "/referralId", detail: "does not lead to a referral of your authority" },
    ]);
  });

  it("has nobody who can act from midnight on, and nothing is sent to it", async () => {
    vi.setSystemTime(midnight);
    const late = await post("936", `/v1/referrals/${ids.awaiting}/receipt`, { confirmedBy: "936-lead" });
    expect(json<{ errors: unknown }>(late, 422).errors).toEqual([
      { pointer: "/confirmedBy", detail: "is not a named contact of your authority in effect" },
    ]);
    for (const [owner, moment] of [
      ["936", midnight],
      ["944", "2027-03-31T22:59:59.999Z"],
    ] as const) {
      vi.setSystemTime(moment);
      const added = await post(owner, "/v1/cme-list", { child: exampleReferral().child });
      expect(json<{ errors: unknown }>(added, 422).errors).toEqual([
        { pointer: "", detail: "comes from an authority that is not in effect" },
      ]);
    }
    vi.setSystemTime(midnight);
    const refused = json<Record<string, unknown>>(
      await post("201", "/v1/referrals", { ...exampleReferral(), recipient: "936" }),
      422,
    );
    expect(refused).toMatchObject({
      errors: [
        {
          pointer: "/recipient",
          detail: "is an authority that ended on 2027-03-31; succeeded by 944 West Surrey, 945 East Surrey",
        },
      ],
      successors: [
        { code: "944", name: "West Surrey" },
        { code: "945", name: "East Surrey" },
      ],
    });
  });

  it("passes everything on at once", async () => {
    await at("2027-03-31T23:00:30.000Z");

    const parties = async (owner: string, name: string) => {
      const { sender, recipient, temporaryAuthority, state } = await referralOf(owner, ids[name] ?? "");
      return [sender, recipient, temporaryAuthority, state];
    };
    expect(await parties("944", "awaiting")).toEqual(["201", "944", null, "awaiting-receipt"]);
    expect(await parties("945", "awaitingAssigned")).toEqual(["201", "945", null, "awaiting-receipt"]);
    expect(await parties("944", "received")).toEqual(["202", "944", null, "received"]);
    expect(await parties("945", "receivedAssigned")).toEqual(["202", "945", null, "received"]);
    expect(await parties("944", "located")).toEqual(["203", "944", null, "located"]);
    expect(await parties("944", "concluded")).toEqual(["203", "944", null, "concluded"]);
    expect(await parties("944", "returned")).toEqual(["204", "944", null, "returned"]);
    expect(await parties("944", "notLocated")).toEqual(["204", "944", null, "not-located"]);
    expect(await parties("944", "sent")).toEqual(["944", "330", null, "awaiting-receipt"]);
    expect(await parties("945", "sentReceived")).toEqual(["945", "330", null, "received"]);
    expect(await parties("944", "sentRemoved")).toEqual(["944", "330", null, "received"]);
    expect(await parties("944", "withdrawn")).toEqual(["944", "330", null, "withdrawn"]);
    expect(await parties("945", "cameAndWent")).toEqual(["205", "945", null, "received"]);
    expect(await parties("945", "referredOn")).toEqual(["945", "331", null, "awaiting-receipt"]);
    expect(await parties("944", "temporary")).toEqual(["206", "207", "944", "awaiting-receipt"]);

    const referralIdsOn = async (owner: string) => (await entriesOf(owner)).map(({ referralId }) => referralId).sort();
    const named = (...names: string[]) => names.map((name) => ids[name] ?? null).sort();
    expect((await entriesOf("944")).some(({ entryId }) => entryId === ownEntry)).toBe(true);
    expect(await referralIdsOn("945")).toEqual(named("receivedAssigned", "sentReceived", "referredOn"));
    expect((await referralIdsOn("944")).filter((id) => id !== null)).toEqual(
      named("received", "located", "concluded", "notLocated", "sent", "sentRemoved", "withdrawn"),
    );
    expect(await faults()).toEqual([]);
  });

  it("leaves a trail that both sides see, and the new ones are told", async () => {
    const ofReceived = ["submitted", "received", "recipient 936 to 944"];
    expect(await trailOf("202", ids.received ?? "")).toEqual(ofReceived);
    expect(await trailOf("944", ids.received ?? "")).toEqual(ofReceived);
    expect(await trailOf("331", ids.referredOn ?? "")).toEqual(["submitted", "sender 936 to 945"]);
    await exchange.telling?.idle();
    for (const owner of ["201", "944"]) {
      const told = await items<{ type: string; data: { referralId?: string } }>(
        await exchange.client(owner),
        "/v1/events?limit=100",
      );
      expect(told.filter(({ data }) => data.referralId === ids.awaiting).map(({ type }) => type)).toContain(
        "referral.reassigned",
      );
    }
    const mails = exchange.mailbox().filter(({ emailAddress }) => emailAddress.endsWith("surrey.example.org"));
    expect(
      mails.map(({ emailAddress, template, body }) => [emailAddress, template, body.includes(ids.awaiting ?? "")]),
    ).toEqual(expect.arrayContaining([["lead@west-surrey.example.org", "referral-awaits", true]]));
    expect(mails).toHaveLength(4);
  });

  it("gives the new recipient the whole of its time", async () => {
    expect(await referralOf("944", ids.awaiting ?? "")).toMatchObject({
      submittedAt: "2027-03-15T10:00:00.000Z",
      receiptDueAt: "2027-04-05T23:00:30.000Z",
      overdue: false,
    });
    expect(await referralOf("944", ids.sent ?? "")).toMatchObject({ receiptDueAt: "2027-03-18T10:00:00.000Z" });
  });

  it("has its records and notes read by the successor, and by no other", async () => {
    const west = await exchange.client("944");
    for (const name of ["received", "sent", "concluded", "temporary"]) {
      const record = await west.get(`/v1/referrals/${ids[name]}/child`);
      expect(record.status, record.text).toBe(200);
      expect(record.text).toContain("Okafor");
    }
    expect(json(await west.get(`/v1/referrals/${ids.received}/notes`), 200)).toEqual({
      items: [{ sequence: 2, note: "Known to us" }],
    });
    for (const owner of ["936", "945"]) {
      const client = await exchange.client(owner);
      expect((await client.get(`/v1/referrals/${ids.received}/child`)).status).toBe(404);
      expect((await client.get(`/v1/cme-list/${ownEntry}`)).status).toBe(404);
    }
  });

  it("has its successors go on where it stopped", async () => {
    const [west, east] = [await leadOf("944"), await leadOf("945")];
    const confirmation = { confirmedBy: east, note: "Received by the new council" };
    json(await post("945", `/v1/referrals/${ids.awaitingAssigned}/receipt`, confirmation));
    json(await post("201", `/v1/referrals/${ids.awaitingAssigned}/removal`, { removedBy: "201-lead" }));
    expect(json(await (await exchange.client("945")).get(`/v1/referrals/${ids.awaitingAssigned}/notes`), 200)).toEqual({
      items: [{ sequence: 3, note: "Received by the new council" }],
    });
    json(await post("945", `/v1/referrals/${ids.sentReceived}/removal`, { removedBy: east }));
    json(await post("944", `/v1/referrals/${ids.received}/finding`, { finding: "located", foundBy: west }));
    json(
      await post("944", `/v1/referrals/${ids.located}/conclusion`, {
        outcome: "on-school-register",
        schoolUrn: "103200",
        startDate: "2027-03-22",
      }),
    );
    const removed = { finding: "not-located", foundBy: "330-lead" };
    json(await post("330", `/v1/referrals/${ids.sentRemoved}/finding`, removed));
    const back = (await entriesOf("944")).find(({ referralId }) => referralId === ids.sentRemoved);
    expect(back).toMatchObject({ status: "suspected", closure: null });
    expect(await faults()).toEqual([]);
  });

  it("has a child passed on to the fellow successor, with all that goes with it, and with no more time", async () => {
    const assign = (owner: string, body: object) =>
      post(owner, `/v1/reorganisations/${reorganisation}/assignments`, body);
    json(await assign("944", { referralId: ids.awaiting, successor: "945" }));
    expect(await referralOf("945", ids.awaiting ?? "")).toMatchObject({
      recipient: "945",
      receiptDueAt: "2027-04-05T23:00:30.000Z",
    });
    json(
      await assign("944", {
        entryId: (await entriesOf("944")).find(({ referralId }) => referralId === ids.withdrawn)?.entryId,
        successor: "945",
      }),
    );
    expect(await trailOf("945", ids.withdrawn ?? "")).toEqual([
      "submitted",
      "withdrawn",
      "sender 936 to 944",
      "sender 944 to 945",
    ]);
    json(await assign("944", { referralId: ids.temporary, successor: "945" }));
    expect(await trailOf("206", ids.temporary ?? "")).toContain("temporaryAuthority 944 to 945");

    const own = await submit(await exchange.client("944"), { recipient: "330", sentBy: await leadOf("944") });
    const refused = await assign("944", { referralId: own.id, successor: "945" });
    expect(json<{ errors: unknown }>(refused, 422).errors).toEqual([
      { pointer: "/referralId", detail: "did not come to your authority by this reorganisation" },
    ]);
    expect(json(await assign("936", { referralId: own.id, successor: "945" }), 409)).toMatchObject({
      state: "under-way",
    });
    expect(await faults()).toEqual([]);
  });

  it("has neighbours that know its successors", async () => {
    const neighbours = async (code: string) =>
      json<{ neighbours: string[] }>(await (await exchange.client("201")).get(`/v1/authorities/${code}`), 200)
        .neighbours;
    const hampshire = await neighbours("850");
    expect([hampshire.includes("936"), hampshire.includes("944"), hampshire.includes("945")]).toEqual([
      false,
      true,
      false,
    ]);
    const kent = await neighbours("886");
    expect([kent.includes("936"), kent.includes("944"), kent.includes("945")]).toEqual([false, false, true]);
    expect(await neighbours("944")).toEqual(["850", "867", "868", "945"]);
  });

  it("has no clients once nothing is left, and is done with after an hour without a find", async () => {
    const state = async () =>
      json<Registered>(await (await exchange.client("201")).get(`/v1/reorganisations/${reorganisation}`), 200).state;
    await at("2027-04-01T09:00:00.000Z");
    vi.setSystemTime("2027-04-01T09:30:00.000Z");
    await expect((await exchange.client("936")).get("/v1/referrals?box=inbox")).rejects.toThrow(/cme-936/);
    await at("2027-04-01T09:59:59.999Z");
    expect(await state()).toBe("under-way");
    await at("2027-04-01T10:00:00.000Z");
    expect(await state()).toBe("completed");
    const changes = await items<{ type: string; actor: { authority: string } }>(
      await exchange.client("dfe"),
      "/v1/authorities/936/changes",
    );
    expect(changes.at(-1)).toMatchObject({ type: "authority.reorganised", actor: { authority: "dfe" } });
  });
});

/** A whole authority becomes another: what is registered, and the new one's lead. */
const becomes = async (predecessor: string, code: string, gssCode: string, effectiveOn: string): Promise<Registered> =>
  json(
    await post("dfe", "/v1/reorganisations", {
      predecessor,
      effectiveOn,
      successors: [begins(code, gssCode, `New ${code}`, [])],
      remainderTo: code,
    }),
  );

/** Holds back the first write that has all of these in it. */
const heldBack = (...marks: string[]) => {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const isIt = (text: string) => marks.every((mark) => text.includes(mark));
  return { isIt, held, released, taken: false };
};
const holding = (...writes: ReturnType<typeof heldBack>[]) => {
  const dynamo = dynamoClient();
  const send = dynamo.send.bind(dynamo);
  const mock = mockClient(dynamo);
  mock.send.callThrough();
  mock.on(TransactWriteCommand).callsFake(async (input: TransactWriteCommandInput) => {
    const write = writes.find((each) => !each.taken && each.isIt(JSON.stringify(input)));
    if (write) {
      write.taken = true;
      write.held.resolve();
      await write.released.promise;
    }
    return send(new TransactWriteCommand(input));
  });
  return mock;
};

describe("a receipt under way at midnight", () => {
  it("that commits first is the predecessor's, and the child passes with it", async () => {
    vi.setSystemTime("2027-05-03T10:00:00.000Z");
    await becomes("382", "946", "E06000093", "2027-05-04");
    const { id } = await submit(await exchange.client("201"), { recipient: "382" });
    vi.setSystemTime("2027-05-03T22:59:59.900Z");
    await referralOf("382", id);
    const receiving = heldBack('"referral.received"', id);
    const passing = heldBack('"referral.reassigned"', id);
    const mock = holding(receiving, passing);

    const receipt = post("382", `/v1/referrals/${id}/receipt`, { confirmedBy: "382-lead" });
    await receiving.held.promise;
    vi.setSystemTime("2027-05-03T23:00:10.000Z");
    const applied = applyReorganisations();
    await passing.held.promise;
    receiving.released.resolve();
    expect((await receipt).status).toBe(201);
    passing.released.resolve();
    await applied;
    mock.restore();

    expect(await trailOf("946", id)).toEqual(["submitted", "received", "recipient 382 to 946"]);
    expect(await entriesOf("946")).toMatchObject([{ status: "suspected", referralId: id }]);
    json(await post("201", `/v1/referrals/${id}/removal`, { removedBy: "201-lead" }));
    expect(await faults()).toEqual([]);
  });

  it("that commits last is refused, and the successor's is asked for", async () => {
    vi.setSystemTime("2027-05-10T10:00:00.000Z");
    await becomes("383", "947", "E06000094", "2027-05-11");
    const { id } = await submit(await exchange.client("201"), { recipient: "383" });
    vi.setSystemTime("2027-05-10T22:59:59.900Z");
    await referralOf("383", id);
    const receiving = heldBack('"referral.received"', id);
    const mock = holding(receiving);

    const receipt = post("383", `/v1/referrals/${id}/receipt`, { confirmedBy: "383-lead" });
    await receiving.held.promise;
    await at("2027-05-10T23:00:10.000Z");
    receiving.released.resolve();
    expect((await receipt).status).toBe(404);
    mock.restore();

    json(await post("947", `/v1/referrals/${id}/receipt`, { confirmedBy: await leadOf("947") }));
    expect(await trailOf("201", id)).toEqual(["submitted", "recipient 383 to 947", "received"]);
    expect(await faults()).toEqual([]);
  });
});

describe("a referral submitted in the last second", () => {
  it("is found by a later look, though the first had found nothing", async () => {
    vi.setSystemTime("2027-05-17T10:00:00.000Z");
    const { reorganisationId } = await becomes("372", "948", "E06000095", "2027-05-18");
    vi.setSystemTime("2027-05-17T22:59:59.900Z");
    const sender = await exchange.client("202");
    await sender.get("/v1/referrals?box=inbox");
    const submitting = heldBack('"referral.submitted"');
    const mock = holding(submitting);
    const submitted = submit(sender, { recipient: "372" });
    await submitting.held.promise;
    await at("2027-05-17T23:00:05.000Z");
    await at("2027-05-17T23:01:05.000Z");
    submitting.released.resolve();
    const { id } = await submitted;
    mock.restore();

    await at("2027-05-17T23:02:05.000Z");
    expect(await referralOf("202", id)).toMatchObject({ recipient: "948", state: "awaiting-receipt" });
    const reorganisation = `/v1/reorganisations/${reorganisationId}`;
    await at("2027-05-18T00:02:05.000Z");
    expect(json(await sender.get(reorganisation), 200)).toMatchObject({ state: "under-way" });
    await at("2027-05-18T01:02:05.000Z");
    expect(json(await sender.get(reorganisation), 200)).toMatchObject({ state: "completed" });
    expect(await faults()).toEqual([]);
  });
});

describe("an item that can't be passed", () => {
  it("rings, holds up nothing else, and is passed as soon as it can be", async () => {
    vi.setSystemTime("2027-05-19T10:00:00.000Z");
    const { reorganisationId } = await becomes("371", "950", "E06000088", "2027-05-20");
    const [stuck, other] = [
      await submit(await exchange.client("201"), { recipient: "371" }),
      await submit(await exchange.client("202"), { recipient: "371" }),
    ];
    const setState = (state: string) =>
      dynamoClient().send(
        new UpdateCommand({
          TableName: "cme-referrals",
          Key: { referralId: stuck.id },
          UpdateExpression: "SET #state = :state",
          ExpressionAttributeNames: { "#state": "state" },
          ExpressionAttributeValues: { ":state": state },
        }),
      );
    await setState("no state at all");
    await at("2027-05-20T09:00:00.000Z");
    await at("2027-05-20T11:00:00.000Z");
    expect(await referralOf("202", other.id)).toMatchObject({ recipient: "950" });
    const rung = exchange.logLines.map((line) => JSON.parse(line)).filter(({ code }) => code === "passing-failed");
    expect(rung.length).toBeGreaterThan(0);
    for (const line of rung) {
      expect(line).toMatchObject({ reorganisationId, referralId: stuck.id, errorName: "ZodError", alarm: true });
    }
    const client = await exchange.client("371");
    expect((await client.get("/v1/authorities/371")).status).toBe(200);

    await setState("awaiting-receipt");
    await at("2027-05-20T11:01:00.000Z");
    expect(await referralOf("201", stuck.id)).toMatchObject({ recipient: "950", state: "awaiting-receipt" });
  });
});

describe("two authorities that merge", () => {
  it("are one on both sides of what was between them", async () => {
    vi.setSystemTime("2027-05-24T10:00:00.000Z");
    const { id } = await submit(await exchange.client("380"), { recipient: "381" });
    const waiting = await submit(await exchange.client("380"), { recipient: "381" });
    json(await post("381", `/v1/referrals/${id}/receipt`, { confirmedBy: "381-lead" }));
    await becomes("380", "949", "E06000096", "2027-06-01");
    const second = { predecessor: "381", effectiveOn: "2027-06-01", successors: [{ code: "949" }], remainderTo: "949" };
    json(await post("dfe", "/v1/reorganisations", second));
    await at("2027-05-31T23:00:00.000Z");

    expect(await trailOf("949", id)).toEqual(["submitted", "received", "sender 380 to 949", "recipient 381 to 949"]);
    const lead = await leadOf("949");
    json(await post("949", `/v1/referrals/${waiting.id}/withdrawal`, { reason: "One authority now" }));
    json(await post("949", `/v1/referrals/${id}/removal`, { removedBy: lead }));
    json(await post("949", `/v1/referrals/${id}/finding`, { finding: "located", foundBy: lead }));
    expect(await referralOf("949", id)).toMatchObject({ sender: "949", recipient: "949", state: "located" });
    expect(await faults()).toEqual([]);
  });
});

describe("a reorganisation that is called off", () => {
  type Listed = { effectiveTo: string | null; predecessors: string[]; successors: string[] };
  const authority = async (code: string): Promise<Answer> =>
    (await exchange.client("201")).get(`/v1/authorities/${code}`);

  it("leaves the list as it was, and the code free", async () => {
    vi.setSystemTime("2027-06-07T10:00:00.000Z");
    const successors = [begins("951", "E06000097", "Calder", ["373"]), { code: "373" }];
    const plan = { predecessor: "384", effectiveOn: "2027-09-01", successors, remainderTo: "373" };
    const { reorganisationId } = json<Registered>(await post("dfe", "/v1/reorganisations", plan));
    expect(json<Listed>(await authority("373"), 200).predecessors).toEqual(["384"]);

    const cancellation = `/v1/reorganisations/${reorganisationId}/cancellation`;
    expect(json(await post("dfe", cancellation, {}))).toMatchObject({ state: "cancelled" });

    expect(json<Listed>(await authority("384"), 200)).toMatchObject({ effectiveTo: null, successors: [] });
    expect(json<Listed>(await authority("373"), 200).predecessors).toEqual([]);
    expect((await authority("951")).status).toBe(404);
    expect(json(await post("dfe", cancellation, {}), 409)).toMatchObject({ state: "cancelled" });
    await at("2027-09-01T09:00:00.000Z");
    expect(json<Listed>(await authority("384"), 200)).toMatchObject({ effectiveTo: null });

    json(await post("dfe", "/v1/reorganisations", { ...plan, effectiveOn: "2027-10-01" }));
    expect(json<Listed>(await authority("951"), 200)).toMatchObject({ predecessors: ["384"], version: 3 });
    const changes = await items<Link & { type: string }>(await exchange.client("dfe"), "/v1/authorities/951/changes");
    expect(changes.map(({ type }) => type)).toEqual(["authority.added", "authority.reorganised", "authority.added"]);
    expect(linkFault(changes)).toBeUndefined();
  });

  it("can't be once its day has come", async () => {
    vi.setSystemTime("2027-09-30T23:00:00.000Z");
    const [latest] = await items<Registered>(await exchange.client("dfe"), "/v1/reorganisations");
    const cancellation = `/v1/reorganisations/${latest?.reorganisationId}/cancellation`;
    expect(json(await post("dfe", cancellation, {}), 409)).toMatchObject({ state: "under-way" });
  });

  it("takes none away on which another rests", async () => {
    const first = await becomes("370", "952", "E06000098", "2028-04-01");
    await becomes("952", "953", "E06000099", "2029-04-01");
    const cancellation = `/v1/reorganisations/${first.reorganisationId}/cancellation`;
    expect(json(await post("dfe", cancellation, {}), 409)).toMatchObject({ code: "already-there" });
  });
});
