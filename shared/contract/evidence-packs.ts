import * as z from "zod";
import { entryId, referralId } from "./primitives.ts";
import { route } from "./route.ts";

const zip = "application/zip";

export const getEvidencePack = route({
  operationId: "getEvidencePack",
  method: "GET",
  path: "/v1/referrals/{id}/evidence-pack",
  summary:
    "Everything that an inspector or the Ombudsman would ask for about a referral, for its two parties, as one signed archive that verifies offline. The reading is an event that both parties see",
  access: { kind: "token", scope: "referrals", proof: "committed" },
  params: z.strictObject({ id: referralId }),
  answers: {
    200: {
      description:
        "A ZIP archive: README.txt says what is in it. It holds the child's data. Accept must name application/zip first",
      file: zip,
    },
  },
  refusals: ["not-acceptable", "pack-too-large", "record-unreadable"],
  handler: "functions/referrals/get-evidence-pack.ts",
});

export const getEntryEvidencePack = route({
  operationId: "getEntryEvidencePack",
  method: "GET",
  path: "/v1/cme-list/{entryId}/evidence-pack",
  summary:
    "Everything that an inspector or the Ombudsman would ask for about an entry of the caller's own CME list, as one signed archive that verifies offline. The reading is an event of the entry",
  access: { kind: "token", scope: "cme-list", proof: "committed" },
  params: z.strictObject({ entryId }),
  answers: {
    200: {
      description:
        "A ZIP archive: README.txt says what is in it. It holds the child's data. Accept must name application/zip first",
      file: zip,
    },
  },
  refusals: ["not-acceptable", "pack-too-large", "record-unreadable"],
  handler: "functions/cme-list/get-entry-evidence-pack.ts",
});
