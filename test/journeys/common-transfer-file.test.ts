import { readFileSync } from "node:fs";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** City of London (201) refers to Birmingham (330) and attaches the file of the child's school; Camden (202) is a stranger. */
const exchange = useExchange();

const sample = readFileSync(new URL("../data/ctf-sample.xml", import.meta.url));
/** Worked out with another program. */
const sampleDigest = "sha-256:KqfIMPmE6z0XLKmPYtIwXYa_mqCrTkxnLTSKLrL2cc4";
const xml = { "content-type": "application/xml" };
const asXml = { headers: { accept: "application/xml" } };

type Body = Record<string, unknown>;
const json = (answer: Answer, status: number): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json() as Body;
};
const at = (id: string): string => `/v1/referrals/${id}/common-transfer-file`;
const refer = async (identity: Body = {}): Promise<string> => {
  const { child } = exampleReferral();
  const { upn: _upn, formerUpns: _formerUpns, ...rest } = child.identity;
  return (await submit(await exchange.client("201"), { child: { ...child, identity: { ...rest, ...identity } } })).id;
};
const attach = async (id: string, body: unknown = sample, { owner = "201", headers = xml as Body } = {}) =>
  (await exchange.client(owner)).send("POST", at(id), { body, headers: headers as Record<string, string> });
const read = async (owner: string, path: string, request = {}) => (await exchange.client(owner)).get(path, request);
const post = async (owner: string, path: string, body: object): Promise<Body> =>
  json(await (await exchange.client(owner)).post(path, body), 201);
const withUpn = (upn: string): string => sample.toString().replace("R674123101121", upn);

const told = (upn: string) => ({ commonTransferFile: { digest: sampleDigest, upn } });

describe("a common transfer file", () => {
  it("is attached, compared and shown to the recipient exactly as it was sent", async () => {
    const id = await refer({ upn: "R674123101121" });
    expect(json(await attach(id), 201)).toMatchObject({ ...told("matches"), warnings: [], version: 2 });
    expect(json(await read("330", `/v1/referrals/${id}`), 200)).toMatchObject(told("matches"));
    const file = await read("330", at(id), asXml);
    expect([file.status, file.headers.get("content-type"), file.headers.get("cache-control")]).toEqual([
      200,
      "application/xml",
      "no-store",
    ]);
    expect(Buffer.compare(file.bytes, sample)).toBe(0);
    expect(json(await read("330", at(id)), 200)).toEqual({
      pupil: { upn: "R674123101121", surname: "ROOSTER", forename: "ALBERT", dateOfBirth: "2010-11-20", sex: "M" },
      version: "25.0",
      madeAt: "2024-02-01T10:30:00",
      sourceSchool: { authority: "123", establishment: "4567", name: "Source School" },
      destinationSchool: { authority: "999", establishment: "8888" },
    });
    const { items } = json(await read("201", `/v1/referrals/${id}/events`), 200) as { items: Body[] };
    expect(items.slice(1).map(({ type, details }) => [type, details])).toEqual([
      ["referral.file-attached", { file: "common-transfer-file", digest: sampleDigest, upn: "matches" }],
      ["referral.child-read", { what: "common-transfer-file" }],
      ["referral.child-read", { what: "common-transfer-file" }],
    ]);
  });

  it.each([
    ["matches", "a former UPN", { upn: "H801200001001", formerUpns: ["r674123101121"] }, []],
    ["differs", "another child's", { upn: "H801200001001" }, ["upn-differs"]],
    ["absent", "none in the record", {}, ["upn-not-compared"]],
  ])("%s: its UPN is %s", async (upn, _what, identity, warnings) => {
    const answer = json(await attach(await refer(identity)), 201);
    expect(answer).toMatchObject(told(upn));
    expect((answer.warnings as Body[]).map(({ code, pointer }) => [code, pointer])).toEqual(
      warnings.map((code) => [code, ""]),
    );
    expect(JSON.stringify(answer)).not.toMatch(/R674123101121|H801200001001|ROOSTER/);
  });

  it("is compared with the record as it stands", async () => {
    const id = await refer({ upn: "H801200001001" });
    const { child } = exampleReferral();
    await post("330", `/v1/referrals/${id}/child`, {
      child: { ...child, identity: { ...child.identity, upn: "R674123101121" } },
      by: "330-lead",
    });
    expect(json(await attach(id), 201)).toMatchObject(told("matches"));
  });

  it("keeps its byte order mark", async () => {
    const id = await refer();
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), sample]);
    json(await attach(id, marked), 201);
    const { bytes } = await read("330", at(id), asXml);
    expect(Buffer.compare(bytes, marked)).toBe(0);
  });

  it("is one, while the recipient has not found the child", async () => {
    const id = await refer();
    await post("330", `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    json(await attach(id), 201);
    expect(json(await attach(id), 409).code).toBe("already-there");
    const late = await refer();
    await post("330", `/v1/referrals/${late}/receipt`, { confirmedBy: "330-lead" });
    await post("330", `/v1/referrals/${late}/finding`, { finding: "located", foundBy: "330-lead" });
    expect(json(await attach(late), 409)).toMatchObject({ code: "state-does-not-allow", state: "located" });
  });

  it("is the sender's to attach, and the parties' to read", async () => {
    const id = await refer();
    expect(json(await attach(id, sample, { owner: "330" }), 403).code).toBe("not-your-role");
    expect(json(await attach(id, sample, { owner: "202" }), 404).code).toBe("not-found");
    expect(json(await read("330", at(id)), 404).code).toBe("not-found");
    json(await attach(id), 201);
    expect(json(await read("202", at(id)), 404).code).toBe("not-found");
    expect(json(await read("330", at(id), { headers: { accept: "text/html" } }), 406).code).toBe("not-acceptable");
  });

  it.each([
    [
      "a document type",
      '<!DOCTYPE CTfile [<!ENTITY a "b">]><CTfile/>',
      "The file has a document type or an entity declaration, which no common transfer file needs.",
    ],
    ["another root", "<Pupil/>", "The file is not a common transfer file: its root is not CTfile."],
    ["no XML", "{}", "The file is not well-formed XML."],
    [
      "two pupils",
      sample.toString().replace("</Pupil>", "</Pupil><Pupil><Surname>ROOSTER</Surname></Pupil>"),
      "The file has more than one pupil. Send the file of this child alone.",
    ],
  ])("is refused with %s, and nothing of it is kept", async (_what, body, detail) => {
    const id = await refer();
    expect(json(await attach(id, body), 422)).toMatchObject({ code: "file-unreadable", detail });
    const place = { TableName: "cme-records", Key: { subject: `referral#${id}`, part: "ctf" } };
    expect((await dynamoClient().send(new GetCommand(place))).Item).toBeUndefined();
    expect(json(await read("201", `/v1/referrals/${id}`), 200)).toMatchObject({ commonTransferFile: null, version: 1 });
  });

  it("is refused above 200 KiB, and as anything but XML", async () => {
    const id = await refer();
    const large = withUpn("R674123101121").replace("</CTfile>", `${" ".repeat(204_800)}</CTfile>`);
    expect(json(await attach(id, large), 413).code).toBe("body-too-large");
    const asJson = await attach(id, sample, { headers: { "content-type": "application/json" } });
    expect(json(asJson, 415).code).toBe("media-type-unsupported");
  });

  it("is encrypted, and not shown when it was put in another's place", async () => {
    const [id, other] = [await refer(), await refer()];
    json(await attach(id), 201);
    json(await attach(other), 201);
    const place = (referralId: string) => ({
      TableName: "cme-records",
      Key: { subject: `referral#${referralId}`, part: "ctf" },
    });
    const { Item } = await dynamoClient().send(new GetCommand(place(other)));
    expect(JSON.stringify(Item)).not.toMatch(/ROOSTER|R674123101121/);
    const moved = { ...Item, ...place(id).Key };
    await dynamoClient().send(new PutCommand({ TableName: "cme-records", Item: moved }));
    expect(json(await read("330", at(id)), 500).code).toBe("record-unreadable");
  });
});
