import { timingSafeEqual } from "node:crypto";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { environment } from "../aws/environment.ts";
import { digestOfText } from "../domain/canonical.ts";
import { callbackTokenRefused } from "../domain/refusals.ts";
import { headerValues } from "./headers.ts";

/**
 * GOV.UK Notify shows in its callbacks the token that was entered in its settings. The exchange knows only its digest, so
 * its own configuration tells nobody the token; there are two while one takes over from another, between commas. A digest
 * of what was shown is compared, in a time that says nothing of how much of it was right.
 *
 * @throws Refusal `callback-token`
 */
export const authenticateNotify = (event: APIGatewayProxyEvent): void => {
  const { NOTIFY_CALLBACK_TOKEN_DIGEST } = environment("NOTIFY_CALLBACK_TOKEN_DIGEST");
  const [shown = "", ...more] = headerValues(event, "authorization");
  const [, token = ""] = /^Bearer +(\S+)$/i.exec(shown) ?? [];
  const digest = Buffer.from(digestOfText(token));
  const known = NOTIFY_CALLBACK_TOKEN_DIGEST.split(",").map((each) => Buffer.from(each));
  const right = known.filter((each) => each.length === digest.length && timingSafeEqual(each, digest));
  if (token === "" || more.length > 0 || right.length === 0) throw callbackTokenRefused();
};
