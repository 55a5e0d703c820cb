import { startExchange } from "../../infra/local/exchange.ts";

/** Run as a program: starts an exchange on the folder, so that what a first start makes is there, and closes it. */
const [, , dataDir = ""] = process.argv;
const endpoints = { dynamodb: undefined, sqs: undefined, kms: undefined };
const exchange = await startExchange({ port: 0, dataDir, endpoints, telling: false, publishing: false });
await exchange.close();
