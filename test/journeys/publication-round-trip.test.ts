import { expect, it } from "vitest";
import { useExchange } from "../builders/exchange.ts";

const exchange = useExchange();

it("imports a publication's CSV as what the list says already, and as a change what was changed in it", async () => {
  const dfe = await exchange.client("dfe");
  const reader = await exchange.client("201");
  const publish = async (): Promise<number> => {
    const answer = await dfe.post("/v1/contact-list/publications", {});
    expect(answer.status, answer.text).toBe(201);
    return (answer.json() as { number: number }).number;
  };
  const csv = async (): Promise<string> =>
    (await reader.get("/v1/contact-list", { headers: { accept: "text/csv" } })).bytes.toString();
  const upload = async (file: string, query: string) => {
    const headers = { "content-type": "text/csv" };
    const answer = await dfe.post(`/v1/contact-list/imports${query}`, file, { headers });
    expect(answer.status, answer.text).toBe(query === "" ? 201 : 200);
    return answer.json();
  };
  // What a spreadsheet would take for a formula, quotes and commas, and a contact that ends one day.
  for (const [code, facts] of [
    ["330", { name: "Ann, “the lead”", telephone: "+353 1 679 8000" }],
    ["S12000049", { name: 'O\'Neill, "Siân"', effectiveTo: "2039-03-31T23:00:00.000Z" }],
  ] as const) {
    const contact = { role: "deputy", email: "deputy@somewhere.example.org", telephone: "020 7946 0000", ...facts };
    expect((await dfe.post(`/v1/authorities/${code}/contacts`, contact)).status).toBe(201);
  }
  const first = await publish();

  const published = await csv();
  expect(published.includes(",'+353 1 679 8000,")).toBe(true);
  const counts = { added: 0, changed: 0, retired: 0 };
  expect(await upload(published, "?dryRun=true")).toMatchObject({
    counts: { ...counts, refused: 0 },
    unchanged: 418,
    refused: [],
    authoritiesNotInFile: [],
  });

  const edited = published.replace("01632 960000", "01632 960999");
  await upload(edited, "");
  const second = await publish();
  const { items } = (await reader.get(`/v1/contact-list/changes?since=${first}&to=${second}`)).json() as {
    items: object[];
  };
  expect(items).toMatchObject([
    {
      of: "contact",
      authority: "201",
      contactId: "201-lead",
      change: "changed",
      before: { telephone: "01632 960000" },
      after: { telephone: "01632 960999" },
    },
  ]);
});
