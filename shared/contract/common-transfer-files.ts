import * as z from "zod";
import { commonTransferFile } from "../ctf/parse-ctf.ts";
import { largestFile } from "../ctf/xml.ts";
import { referralId } from "./primitives.ts";
import { summary } from "./referrals.ts";
import { route } from "./route.ts";
import { warning } from "./warning.ts";

const inPath = z.strictObject({ id: referralId });

export const attachCommonTransferFile = route({
  operationId: "attachCommonTransferFile",
  method: "POST",
  path: "/v1/referrals/{id}/common-transfer-file",
  summary:
    "The sender attaches the child's common transfer file, one at most, until the recipient has found the child: in UTF-8, of one pupil, without document type or entities, 200 KiB at most. It is sealed like the child's record",
  access: { kind: "token", scope: "referrals", proof: "committed" },
  params: inPath,
  upload: { media: ["application/xml", "text/xml"], largest: largestFile },
  answers: {
    201: {
      description:
        "The referral, which says of the file its digest and whether its UPN is that of the child's record as it stands; a warning where it is not",
      schema: z.strictObject({ ...summary.shape, warnings: z.array(warning) }).meta({ id: "ReferralWithFile" }),
    },
  },
  refusals: ["not-your-role", "state-does-not-allow", "already-there", "file-unreadable", "record-unreadable"],
  handler: "functions/referrals/attach-common-transfer-file.ts",
});

export const readCommonTransferFile = route({
  operationId: "readCommonTransferFile",
  method: "GET",
  path: "/v1/referrals/{id}/common-transfer-file",
  summary:
    "The child's common transfer file: whose it is and where it comes from, or with Accept: application/xml the file exactly as it was sent. Every read is an event that both parties see",
  access: { kind: "token", scope: "referrals", proof: "committed" },
  params: inPath,
  answers: {
    200: {
      description: "What the file says of itself, or the file",
      schema: commonTransferFile.meta({ id: "CommonTransferFile" }),
      otherMedia: { "application/xml": z.string() },
    },
  },
  refusals: ["not-acceptable", "record-unreadable"],
  handler: "functions/referrals/read-common-transfer-file.ts",
});
