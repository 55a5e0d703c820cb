import { createHash } from "node:crypto";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { decodeJwt, type JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import { auditedTables } from "../../infra/operate/auditing.ts";
import { tell } from "../../infra/operate/fault.ts";
import { runAudit } from "../../infra/operate/run-audit.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { chainFault, type ReferralEvent } from "../../shared/domain/event-chain.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock goes forward only when told. */
const monday = "2026-11-23T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});
const itIs = (moment: string) => vi.setSystemTime(new Date(moment));
const of = (code: string): Promise<Client> => connect(exchange.clients, code);

/** Worked out with another program over the canonical JSON (RFC 8785) of the example and of it with the next birthday. */
const submittedDigest = "sha-256:05FNmFmSuEYwjDMPcF6GPb7aCvWIH1ChofnA8gjFZHc";
const correctedDigest = "sha-256:UiNQQdKVtRLfD_IDrDQKGuElFerB_MK2nFyxTMioW9U";

const { child } = exampleReferral();
const born = (dateOfBirth: string) => ({ ...child, identity: { ...child.identity, dateOfBirth } });
const corrected = born("2016-05-18");

const digestOf = (text: string) => `sha-256:${createHash("sha256").update(text).digest("base64url")}`;
const made = <T = Summary & { warnings: unknown }>(answer: Answer): T => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as T;
};
const refused = (answer: Answer): unknown => {
  const { status, code, errors } = answer.json() as Record<string, unknown>;
  return [status, code, ...(errors ? [errors] : [])];
};
const read = async <T>(client: Client, path: string): Promise<T[]> => {
  const answer = await client.get(path);
  expect(answer.status, answer.text).toBe(200);
  return (answer.json() as { items: T[] }).items;
};
const trailOf = (client: Client, id: string): Promise<ReferralEvent[]> =>
  read<ReferralEvent>(client, `/v1/referrals/${id}/events?limit=100`);
const correct = (client: Client, id: string, record: unknown, by = `${client.file.authority}-lead`): Promise<Answer> =>
  client.post(`/v1/referrals/${id}/child`, { child: record, by });
const receive = async (client: Client, id: string): Promise<string> =>
  made<{ receipt: string }>(await client.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" })).receipt;

describe("a corrected record", () => {
  it("is the record from then on, and the earlier one stays readable", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id, payloadDigest, recordVersion } = await submit(london);
    expect([payloadDigest, recordVersion]).toEqual([submittedDigest, 1]);
    expect(made(await correct(london, id, corrected))).toMatchObject({
      id,
      state: "awaiting-receipt",
      payloadDigest: correctedDigest,
      recordVersion: 2,
      warnings: [],
    });
    const path = `/v1/referrals/${id}/child`;
    const texts = await Promise.all(
      ["", "?version=2", "?version=1"].map(async (query) => (await birmingham.get(path + query)).text),
    );
    expect(texts.map(digestOf)).toEqual([correctedDigest, correctedDigest, submittedDigest]);
    expect(refused(await birmingham.get(`${path}?version=3`))).toEqual([404, "not-found"]);
    expect((await birmingham.get(`${path}?version=0`)).status).toBe(422);
    expect(await read(birmingham, `${path}/versions`)).toEqual([
      { version: 1, at: monday, authority: "201", by: "201-lead", payloadDigest: submittedDigest },
      { version: 2, at: monday, authority: "201", by: "201-lead", payloadDigest: correctedDigest },
    ]);
    const trail = await trailOf(london, id);
    expect(chainFault(trail)).toBeUndefined();
    expect(trail[1]).toMatchObject({
      type: "referral.record-corrected",
      actor: { authority: "201", contactId: "201-lead" },
      details: { payloadDigest: correctedDigest, previousDigest: submittedDigest, recordVersion: "2" },
    });
    expect(
      trail
        .slice(2)
        .map(({ details }) => details)
        .sort((one, other) => String(one.version).localeCompare(String(other.version))),
    ).toEqual([
      { what: "record", version: "1" },
      { what: "record", version: "2" },
      { what: "record", version: "2" },
    ]);
  });

  it("is covered by the next receipt, and a receipt that was issued before stays as it is", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const first = await submit(london);
    made(await correct(london, first.id, corrected));
    expect(decodeJwt(await receive(birmingham, first.id))).toMatchObject({ payloadDigest: correctedDigest });

    const { id } = await submit(london);
    const receipt = await receive(birmingham, id);
    expect(decodeJwt(receipt)).toMatchObject({ payloadDigest: submittedDigest });
    made(await correct(birmingham, id, corrected, "330-inbox"));
    const again = await london.get(`/v1/referrals/${id}/receipt`);
    expect(again.json()).toMatchObject({ receipt, referral: { payloadDigest: correctedDigest, recordVersion: 2 } });
    const { certificate } = made<{ certificate: string }>(
      await london.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }),
    );
    expect(decodeJwt(certificate)).toMatchObject({ payloadDigest: correctedDigest });
  });

  it("is told to the other side", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id } = await submit(london);
    await receive(birmingham, id);
    await exchange.telling?.idle();
    const before = exchange.mailbox().length;
    made(await correct(london, id, corrected));
    await exchange.telling?.idle();
    const emails = exchange.mailbox().slice(before);
    expect(emails.map(({ emailAddress, template }) => [emailAddress, template]).sort()).toEqual([
      ["cme-inbox@la-330.example.org", "record-corrected"],
      ["cme-lead@la-330.example.org", "record-corrected"],
    ]);
    expect(JSON.stringify(emails)).not.toMatch(/Zoë|2016/);
    expect(await read(birmingham, "/v1/events?limit=100")).toContainEqual({
      type: "referral.record-corrected",
      timestamp: monday,
      data: { referralId: id, sequence: 3 },
    });
  });

  it("is judged as the first was, and only a party gives one, while the referral is open", async () => {
    itIs(monday);
    const [london, birmingham, camden, manchester] = [
      await of("201"),
      await of("330"),
      await of("202"),
      await of("352"),
    ];
    const { id } = await submit(london, { temporaryAuthority: "202" });
    expect(refused(await correct(london, id, child))).toEqual([
      422,
      "validation-failed",
      [{ pointer: "/child", detail: "is the record as it stands already" }],
    ]);
    expect(refused(await correct(london, id, born("2023-05-17")))).toMatchObject([
      422,
      "validation-failed",
      [{ pointer: "/child/identity/dateOfBirth" }],
    ]);
    const untold = { ...child, safeguarding: { concern: true } };
    expect(refused(await correct(london, id, untold))).toMatchObject([
      422,
      "validation-failed",
      [{ pointer: "/child/safeguarding/socialCare" }],
    ]);
    expect(refused(await correct(london, id, corrected, "330-lead"))).toEqual([
      422,
      "validation-failed",
      [{ pointer: "/by", detail: "is not a named contact of your authority in effect" }],
    ]);
    expect(refused(await correct(camden, id, corrected))).toEqual([403, "not-your-role"]);
    expect(refused(await correct(manchester, id, corrected))).toEqual([404, "not-found"]);
    made(await birmingham.post(`/v1/referrals/${id}/return`, { reason: "wrong-authority" }));
    expect(refused(await correct(london, id, corrected))).toEqual([409, "state-does-not-allow"]);
    expect(await trailOf(london, id)).toHaveLength(2);
  });

  it("that tells of a safeguarding concern makes the referral urgent, from now on", async () => {
    itIs(monday);
    const london = await of("201");
    const { id, urgency, receiptDueAt } = await submit(london);
    expect([urgency, receiptDueAt]).toEqual(["standard", "2026-11-26T09:30:00.000Z"]);
    itIs("2026-11-23T11:00:00.000Z");
    const safeguarding = { concern: true, socialCare: { told: true, on: "2026-11-23", by: "the CME team" } };
    expect(made(await correct(london, id, { ...child, safeguarding }))).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-24T11:00:00.000Z",
    });
    expect((await trailOf(london, id))[1]?.details).toMatchObject({ urgency: "urgent" });
    // No later record takes the urgency back.
    expect(made(await correct(london, id, corrected))).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-24T11:00:00.000Z",
    });
  });

  it("can be given ten times", async () => {
    itIs(monday);
    const london = await of("201");
    const { id } = await submit(london);
    const days = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"];
    for (const day of days) made(await correct(london, id, born(`2016-06-${day}`)));
    expect(refused(await correct(london, id, born("2016-06-11")))).toEqual([
      422,
      "validation-failed",
      [{ pointer: "", detail: "is one correction more than the 10 that are kept of a referral" }],
    ]);
    const versions = await read<{ version: number }>(london, `/v1/referrals/${id}/child/versions`);
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("is what both lists are counted and matched by", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const { id } = await submit(london);
    await receive(birmingham, id);
    const entries = async () => {
      const referral = await itemOf("cme-referrals", { referralId: id });
      const ids = [referral.senderEntryId, referral.recipientEntryId];
      return Promise.all(ids.map((entryId) => itemOf("cme-entries", { entryId: String(entryId) })));
    };
    const before = await entries();
    expect(before.map(({ figures }) => figures)).toEqual([
      { sex: "F", leavesOn: "2032-06-25", reason: "believed-moved-to-another-authority" },
      { sex: "F", leavesOn: "2032-06-25", reason: "believed-moved-to-another-authority" },
    ]);
    const { identity } = born("2014-05-17");
    made(await correct(london, id, { ...child, identity: { ...identity, sex: "U" } }));
    const after = await entries();
    expect(after.map(({ figures }) => figures)).toEqual([
      { sex: "U", leavesOn: "2030-06-28", reason: "believed-moved-to-another-authority" },
      { sex: "U", leavesOn: "2030-06-28", reason: "believed-moved-to-another-authority" },
    ]);
    for (const [index, entry] of after.entries()) {
      const were = before[index]?.fingerprints as string[];
      const are = entry.fingerprints as string[];
      // The UPN is the same; every name with the date of birth is another.
      expect(are).toHaveLength(were.length);
      expect(are.filter((each) => were.includes(each))).toHaveLength(1);
      for (const fingerprint of were) {
        const row = await found("cme-fingerprints", { fingerprint, entryId: entry.entryId as string });
        expect(row !== undefined).toBe(are.includes(fingerprint));
      }
    }
    const own = await birmingham.get(`/v1/cme-list/${after[1]?.entryId}/child`);
    expect(own.json()).toMatchObject({ identity: { dateOfBirth: "2014-05-17" } });
  });
});

describe("a correction and a receipt at the same moment", () => {
  it("leave a receipt of exactly the record that stood when it was committed", async () => {
    itIs(monday);
    const [london, birmingham] = [await of("201"), await of("330")];
    const orders = new Set<string>();
    for (let round = 0; round < 6; round += 1) {
      const { id } = await submit(london);
      const correcting = await london.prepare("POST", `/v1/referrals/${id}/child`, {
        body: { child: corrected, by: "201-lead" },
      });
      const receiving = await birmingham.prepare("POST", `/v1/referrals/${id}/receipt`, {
        body: { confirmedBy: "330-lead" },
      });
      const both = round % 2 === 0 ? [receiving(), correcting()] : [correcting(), receiving()];
      for (const answer of await Promise.all(both)) made(answer);
      const { receipt } = (await london.get(`/v1/referrals/${id}/receipt`)).json() as { receipt: string };
      const trail = await trailOf(london, id);
      expect(chainFault(trail)).toBeUndefined();
      const types = trail.map(({ type }) => type).join();
      orders.add(types);
      expect(decodeJwt(receipt).payloadDigest).toBe(
        types === "referral.submitted,referral.received,referral.record-corrected" ? submittedDigest : correctedDigest,
      );
    }
    expect([
      "referral.submitted,referral.received,referral.record-corrected",
      "referral.submitted,referral.record-corrected,referral.received",
    ]).toEqual(expect.arrayContaining([...orders]));
  });
});

it("leaves nothing for the audit to find", async () => {
  itIs(monday);
  await exchange.telling?.idle();
  const keys = (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const faults: string[] = [];
  await runAudit({
    dynamo: dynamoClient(),
    names: tableNames(...auditedTables),
    keys,
    clock: () => monday,
    segments: 2,
    onFault: (fault) => faults.push(tell(fault)),
  });
  expect(faults).toEqual([]);
});

const itemOf = async (TableName: string, Key: Record<string, string>): Promise<Record<string, unknown>> => {
  const item = await found(TableName, Key);
  expect(item).toBeDefined();
  return item ?? {};
};
const found = async (TableName: string, Key: Record<string, string>) =>
  (await dynamoClient().send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
