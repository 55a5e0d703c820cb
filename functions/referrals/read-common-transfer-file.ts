import { readCommonTransferFile as route } from "../../shared/contract/common-transfer-files.ts";
import { parseCtf } from "../../shared/ctf/parse-ctf.ts";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import type { Reply } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { preferredMedia } from "../../shared/http/representation.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { recordPlace } from "../../shared/store/records.ts";
import {
  type DisclosureDependencies,
  discloseRecord,
  disclosureDependencies,
  openPart,
  unreadable,
} from "./disclose-record.ts";

const readCommonTransferFile: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseRecord(
    call,
    deps,
    "common-transfer-file",
    [recordPlace(deps.tables.records, { kind: "referral", id: call.params.id }, "ctf")],
    async (referral, [item]): Promise<Reply> => {
      if (referral.commonTransferFile === null) throw notFound();
      const media = preferredMedia(call.accept, ["application/json", "application/xml"]);
      const text = await openPart(call, deps, referral, "ctf", item);
      if (digestOfText(text) !== referral.commonTransferFile.digest) throw unreadable(call, referral, "digest-differs");
      if (media === "application/xml") return { status: 200, headers: { "content-type": media, vary: "Accept" }, text };
      const reading = parseCtf(text);
      if (!reading.readable) throw unreadable(call, referral, reading.because);
      return reply(route, 200, reading.file, { vary: "Accept" });
    },
  );

export const handler = serve(route, disclosureDependencies, readCommonTransferFile);
