import { listRecordVersions as route } from "../../shared/contract/correspondence.ts";
import { digestOfVersion } from "../../shared/domain/correspondence.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type ReferralDependencies, readableReferral, referralDependencies } from "./readable-referral.ts";

const listRecordVersions: Operation<typeof route, ReferralDependencies> = async (call, deps) => {
  const referral = await readableReferral(call, deps);
  const { sender, sealedFor, submittedAt, sentBy, corrections, payloadDigest } = referral;
  return reply(route, 200, {
    items: [
      {
        version: 1,
        at: submittedAt,
        authority: sealedFor?.sender ?? sender,
        by: sentBy,
        payloadDigest: digestOfVersion(referral, 1) ?? payloadDigest,
      },
      ...corrections.map((each, index) => ({
        version: index + 2,
        at: each.at,
        authority: each.authority,
        by: each.correctedBy,
        payloadDigest: each.payloadDigest,
      })),
    ],
  });
};

export const handler = serve(route, referralDependencies, listRecordVersions);
