import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { routes } from "../../shared/contract/routes.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const transferFile = readFileSync(new URL("../data/ctf-sample.xml", import.meta.url), "utf8");
const asXml = { headers: { "content-type": "application/xml" } };

/**
 * What every route of referrals answers to the authority where the family is in temporary accommodation, and to an authority
 * that the referral does not name, written by hand. City of London (201) refers to Birmingham (330) and names Camden (202);
 * Greenwich (203) is not named. Guidance, "Children in temporary accommodation": it is included in the discussion, so it
 * reads, is told and writes; and it may take the child on its own list. Nothing that the two parties settle is its to do.
 */
const table: [route: string, temporary: number, stranger: number, body?: object | string][] = [
  ["POST /v1/referrals", 422, 422, exampleReferral()],
  ["GET /v1/referrals", 200, 200],
  ["GET /v1/referrals/{id}", 200, 404],
  ["GET /v1/referrals/{id}/child", 200, 404],
  ["POST /v1/referrals/{id}/child", 403, 404, { child: exampleReferral().child, by: "202-lead" }],
  ["GET /v1/referrals/{id}/child/versions", 200, 404],
  ["GET /v1/referrals/{id}/notes", 200, 404],
  ["GET /v1/referrals/{id}/enquiry-steps", 200, 404],
  [
    "POST /v1/referrals/{id}/messages",
    201,
    404,
    { kind: "question", text: "Who is the social worker?", by: "202-lead" },
  ],
  ["GET /v1/referrals/{id}/messages", 200, 404],
  // It holds the trail, which is the two parties'.
  ["GET /v1/referrals/{id}/evidence-pack", 404, 404],
  ["POST /v1/referrals/{id}/receipt", 404, 404, { confirmedBy: "202-lead" }],
  ["GET /v1/referrals/{id}/receipt", 404, 404],
  ["POST /v1/referrals/{id}/return", 404, 404, { reason: "wrong-authority" }],
  ["POST /v1/referrals/{id}/withdrawal", 404, 404, { reason: "The family has come back." }],
  ["POST /v1/referrals/{id}/finding", 404, 404, { finding: "located", foundBy: "202-lead" }],
  ["POST /v1/referrals/{id}/conclusion", 404, 404, { outcome: "suitable-education-otherwise", provision: "At home." }],
  ["GET /v1/referrals/{id}/removal", 404, 404],
  ["POST /v1/referrals/{id}/removal", 404, 404, { removedBy: "202-lead" }],
  ["POST /v1/referrals/{id}/common-transfer-file", 404, 404, transferFile],
  ["GET /v1/referrals/{id}/common-transfer-file", 200, 404],
  ["POST /v1/referrals/{id}/temporary-entry", 201, 404, {}],
  ["GET /v1/referrals/{id}/events", 404, 404],
];

const exchange = useExchange();

it("has a row for every route of referrals", () => {
  const declared = routes
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => / \/v1\/referrals/.test(route));
  expect(table.map(([route]) => route).sort()).toEqual(declared.sort());
});

it.each(table)("%s: %i, and %i to a stranger", async (route, temporary, stranger, body) => {
  const [method = "", pattern = ""] = route.split(" ");
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const { id } = await submit(sender, { temporaryAuthority: "202" });
  const attached = await sender.post(`/v1/referrals/${id}/common-transfer-file`, transferFile, asXml);
  expect(attached.status, attached.text).toBe(201);
  const receipt = await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
  expect(receipt.status, receipt.text).toBe(201);
  const query = pattern === "/v1/referrals" && method === "GET" ? "?box=temporary&limit=1" : "";
  const path = pattern.replace("{id}", id) + query;
  for (const [owner, status] of [
    ["203", stranger],
    ["202", temporary],
  ] as const) {
    const client = await exchange.client(owner);
    const answer =
      method === "GET"
        ? await client.get(path, path.endsWith("/evidence-pack") ? { headers: { accept: "application/zip" } } : {})
        : await client.post(path, body, typeof body === "string" ? asXml : {});
    expect([owner, answer.status, answer.text]).toEqual([owner, status, expect.any(String)]);
  }
});
