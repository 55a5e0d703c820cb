import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { expect } from "vitest";
import type { Answer } from "../../infra/local/client.ts";

/**
 * The calls to AWS while `request` is answered, such as `dynamodb BatchGetItem`, in their order. They are told by Node
 * itself (https://nodejs.org/api/diagnostics_channel.html, HTTP), whichever code makes them: the SDK is the only one here
 * that uses node:http, since the test's own client uses fetch.
 */
export const callsDuring = async (request: () => Promise<Answer>, status: number): Promise<string[]> => {
  const engines = new Map(
    ["DYNAMODB", "KMS", "SQS"].map((name) => [
      new URL(String(process.env[`AWS_ENDPOINT_URL_${name}`])).host,
      name.toLowerCase(),
    ]),
  );
  const calls: string[] = [];
  const count = (message: unknown): void => {
    const { request: sent } = message as { request: ClientRequest };
    const operation = String(sent.getHeader("x-amz-target")).split(".").at(-1);
    calls.push(`${engines.get(String(sent.getHeader("host")))} ${operation}`);
  };
  subscribe("http.client.request.start", count);
  try {
    const answer = await request();
    expect(answer.status, answer.text).toBe(status);
  } finally {
    unsubscribe("http.client.request.start", count);
  }
  return calls;
};
