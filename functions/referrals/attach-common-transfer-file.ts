import { attachCommonTransferFile as route } from "../../shared/contract/common-transfer-files.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import type { Warning } from "../../shared/contract/warning.ts";
import { compareUpn, parseCtf } from "../../shared/ctf/parse-ctf.ts";
import { digestOfBytes } from "../../shared/domain/canonical.ts";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import { addedTo, fileAttachable, partyOf, type Referral } from "../../shared/domain/referral.ts";
import {
  alreadyThere,
  fileUnreadable,
  notFound,
  notYourRole,
  stateDoesNotAllow,
} from "../../shared/domain/refusals.ts";
import type { UpnComparison } from "../../shared/domain/upn.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { fileText, putEnvelope, recordPlace, referralContext, versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { type ActionDependencies, actionDependencies } from "./act-on-referral.ts";
import { openChecked } from "./disclose-record.ts";

/** The file is read before anything else is: what can't be read is refused whoever sends it and never stored. */
const attachCommonTransferFile: Operation<typeof route, ActionDependencies> = (call, deps) => {
  const { dynamo, tables, kms, recordKey } = deps;
  const { caller, params, upload } = call;
  return commitOnce(dynamo, tables, call, [referralPlace(tables.referrals, params.id)], async ([item], now) => {
    const referral = permitted(caller, referralFrom(item));
    const reading = parseCtf(upload.bytes);
    if (!reading.readable) throw fileUnreadable(reading.detail);
    const digest = digestOfBytes(upload.bytes);
    const upn = compareUpn(reading.file.pupil, await identityIn(call, deps, referral));
    const fact = {
      at: now,
      actor: actorOf(caller),
      details: { file: "common-transfer-file", digest, upn },
    };
    const { before, after, event } = addedTo(referral, "referral.file-attached", fact, {
      commonTransferFile: { digest, upn },
    });
    const envelope = await seal(kms, recordKey, referralContext(referral, "ctf"), fileText(upload.bytes));
    return {
      writes: [
        replaceReferral(tables.referrals, before, after),
        ...eventAndOutboxRow(tables, event, after),
        putEnvelope(tables.records, { kind: "referral", id: referral.referralId }, "ctf", envelope),
      ],
      reply: reply(route, 201, { ...summaryOf(after, now), warnings: warningsOf(upn) }),
    };
  });
};

/** @throws Refusal `not-found`, `not-your-role`, `already-there`, `state-does-not-allow` */
const permitted = ({ authority }: Caller, referral: Referral | undefined): Referral => {
  if (!referral || !partyOf(referral, authority)) throw notFound();
  if (partyOf(referral, authority) !== "sender") throw notYourRole("sender");
  if (referral.commonTransferFile !== null) throw alreadyThere("a common transfer file with this referral");
  if (!fileAttachable(referral.state)) throw stateDoesNotAllow(referral.state, referral.version);
  return referral;
};

type Identity = { upn?: string; formerUpns?: string[] };

/** The record is opened for its UPNs alone; none of it leaves. It is canonical JSON of a child as it was once accepted. */
const identityIn = async (
  call: { requestId: string },
  deps: ActionDependencies,
  referral: Referral,
): Promise<Identity> => {
  const version = recordVersion(referral);
  const subject = { kind: "referral", id: referral.referralId } as const;
  const [item] = await readAll(deps.dynamo, [recordPlace(deps.tables.records, subject, versionPart(version))]);
  const { identity } = JSON.parse(await openChecked(call, deps, referral, version, item)) as { identity: Identity };
  return identity;
};

const warningsOf = (upn: UpnComparison): Warning[] => {
  if (upn === "matches") return [];
  const code = upn === "differs" ? "upn-differs" : "upn-not-compared";
  const detail =
    upn === "differs"
      ? "has a UPN that is none of the child's in the record. It was attached; please check that it is this child's file"
      : "could not be compared: the file or the child's record has no UPN. Please check that it is this child's file";
  return [{ code, pointer: "", detail }];
};

export const handler = serve(route, actionDependencies, attachCommonTransferFile);
