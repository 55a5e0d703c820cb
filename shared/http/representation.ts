import type { APIGatewayProxyEvent } from "aws-lambda";
import { notAcceptable, notAskedForFirst } from "../domain/refusals.ts";
import { headerValues } from "./headers.ts";

/** Names a range of media types, as far as its parameters, which don't matter here; then its weight. */
const range = /^([\w!#$%&'*+.^`|~-]+)\/([\w!#$%&'*+.^`|~-]+)(?:\s*;.*)?$/;
const weight = /;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)/i;

/**
 * The media type in which to answer: the one offered that `Accept` weighs most, the earlier where two weigh the same, and
 * the first where nothing is asked for (RFC 9110 section 12.5.1). What is no range of media types is passed over.
 * @param accept the header's value
 * @throws Refusal `not-acceptable` when it allows none of them
 */
export const preferredMedia = <Media extends string>(accept: string, offered: readonly [Media, ...Media[]]): Media => {
  const ranges = accept.split(",").flatMap((each) => {
    const [, type = "", subtype = ""] = range.exec(each.trim().toLowerCase()) ?? [];
    const isWeighed = /;\s*q\s*=/i.test(each);
    const [, q] = weight.exec(each) ?? [];
    return type === "" || (isWeighed && q === undefined) ? [] : [{ type, subtype, q: Number(q ?? 1) }];
  });
  if (ranges.length === 0) return offered[0];
  const weightOf = (media: string): number => {
    const [type, subtype] = media.split("/");
    const fitting =
      ranges.find((each) => each.type === type && each.subtype === subtype) ??
      ranges.find((each) => each.type === type && each.subtype === "*") ??
      ranges.find((each) => each.type === "*" && each.subtype === "*");
    return fitting?.q ?? 0;
  };
  const [best] = offered.filter((each) => weightOf(each) > 0).sort((one, other) => weightOf(other) - weightOf(one));
  if (best === undefined) throw notAcceptable(offered);
  return best;
};

/** @throws Refusal `not-acceptable` unless the media type stands first in `Accept`; see `file` in shared/contract/route.ts */
export const demandFile = (accept: string, media: string): void => {
  preferredMedia(accept, [media]);
  const [first = ""] = accept.split(/[,;]/);
  if (first.trim().toLowerCase() !== media) throw notAskedForFirst(media);
};

/** Has the caller a copy with this ETag (RFC 9110 section 13.1.2)? The comparison is the weak one. */
export const hasCopy = (event: APIGatewayProxyEvent, etag: string): boolean => {
  const given = headerValues(event, "if-none-match").join(", ").trim();
  if (given === "*") return true;
  return [...given.matchAll(/(?:^|,)\s*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?=,|$)/g)].some(
    ([, copy]) => copy === etag,
  );
};
