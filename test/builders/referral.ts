import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { upnCheckLetter } from "../../shared/domain/upn.ts";

/** The contract's example: City of London (201) refers a child of ten to Birmingham (330). */
export const exampleReferral = (): ExampleReferral =>
  JSON.parse(readFileSync(new URL("../data/example-referral.json", import.meta.url), "utf8"));

type ExampleReferral = {
  recipient: string;
  sentBy: string;
  child: Record<string, unknown> & { identity: Record<string, unknown> };
};

let children = 0;

/** The example's record, of a child who shares no fingerprint with any other. */
export const anotherChild = (): ExampleReferral["child"] => {
  children += 1;
  const { child } = exampleReferral();
  const surname = `Q${[...String(children)].map((digit) => "bcdfghjklm"[Number(digit)]).join("")}x`;
  const digits = String(children).padStart(12, "0");
  const upn = `${upnCheckLetter(`A${digits}`)}${digits}`;
  return { ...child, identity: { ...child.identity, surname, formerSurnames: [], upn } };
};

/** Submits the example, changed as told; answers the referral's summary. */
export const submit = async (sender: Client, changes: Record<string, unknown> = {}): Promise<Summary> => {
  const body = { ...exampleReferral(), sentBy: `${sender.file.authority}-lead`, ...changes };
  const answer = await sender.post("/v1/referrals", body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Summary;
};
