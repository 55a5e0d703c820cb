import type { Answer, Client } from "../../infra/local/client.ts";

export const csv = "text/csv";
export const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const addressOf = (dryRun: boolean) => `/v1/contact-list/imports${dryRun ? "?dryRun=true" : ""}`;

/** Sends a file, under a fresh Idempotency-Key unless given. */
export const sendFile = async (
  dfe: Client,
  file: string | Uint8Array,
  { media = csv, dryRun = false, key }: { media?: string; dryRun?: boolean; key?: string } = {},
): Promise<Answer> => (await prepareFile(dfe, file, { media, dryRun, ...(key && { key }) }))();

export const prepareFile = (
  dfe: Client,
  file: string | Uint8Array,
  { media = csv, dryRun = false, key }: { media?: string; dryRun?: boolean; key?: string } = {},
): Promise<() => Promise<Answer>> =>
  dfe.prepare("POST", addressOf(dryRun), {
    body: file,
    headers: { "content-type": media },
    ...(key && { key }),
  });
