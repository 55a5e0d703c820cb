import { ArnFormat, type Stack } from "aws-cdk-lib";
import type { Stage as ApiStage } from "aws-cdk-lib/aws-apigateway";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { rateLimit } from "../../shared/contract/rate-limits.ts";
import { routes } from "../../shared/contract/routes.ts";
import { bodyTooLarge, type Refusal, tooManyRequests } from "../../shared/domain/refusals.ts";
import { securityHeaders } from "../../shared/http/headers.ts";
import { largestBody } from "../../shared/http/parse.ts";
import { problemOf } from "../../shared/http/problem.ts";
import type { Stage, StageConfig } from "../config.ts";
import { keptOnceDeployed } from "../constructs/kept.ts";
import { physicalName } from "../constructs/names.ts";

/** Seconds over which the firewall counts an address's requests. */
const window = 300;

/** A token lives ten minutes: no honest client asks for more than a few, and an authority's clients share an address. */
const tokensPerWindow = 1_000;

/**
 * The rules of AWS's common set that only count. Those that look into bodies take free text for an attack (“../”, an
 * address in angle brackets) and stop at 8 KB, and a referral that a firewall swallows is a child that nobody hears of;
 * bodies are parsed strictly and never run, stored as they are or shown as HTML. And a CME system need not name itself.
 */
const onlyCounted = [
  "SizeRestrictions_BODY",
  "CrossSiteScripting_BODY",
  "GenericLFI_BODY",
  "GenericRFI_BODY",
  "EC2MetaDataSSRF_BODY",
  "NoUserAgent_HEADER",
];

/** A regular expression of the whole numbers above `limit`, without leading noughts. */
export const numbersAbove = (limit: number): string => {
  const digits = String(limit);
  const longer = `[1-9]\\d{${digits.length},}`;
  const larger = [...digits].flatMap((digit, at) =>
    digit === "9" ? [] : [`${digits.slice(0, at)}[${Number(digit) + 1}-9]\\d{${digits.length - at - 1}}`],
  );
  return `^(${[longer, ...larger].join("|")})$`;
};

type Statement = CfnWebACL.StatementProperty;
type Rule = Omit<CfnWebACL.RuleProperty, "priority" | "visibilityConfig">;

const asItIs = [{ priority: 0, type: "NONE" }];

const pathIs = (path: string): Statement => ({
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: "EXACTLY",
    searchString: path,
    textTransformations: asItIs,
  },
});

const longerThan = (limit: number): Statement => ({
  regexMatchStatement: {
    fieldToMatch: { singleHeader: { Name: "content-length" } },
    regexString: numbersAbove(limit),
    textTransformations: asItIs,
  },
});

const anyOf = (statements: Statement[]): Statement =>
  statements.length === 1 && statements[0] ? statements[0] : { orStatement: { statements } };

const managed = (name: string, excluded: readonly string[] = []): Rule => ({
  name,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: "AWS",
      name,
      ruleActionOverrides: excluded.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
    },
  },
});

const refused = ({ code }: Refusal, { status, headers }: { status: number; headers: Record<string, string> }) => ({
  block: {
    customResponse: {
      responseCode: status,
      customResponseBodyKey: code,
      responseHeaders: Object.entries({ ...securityHeaders, "cache-control": "no-store", ...headers })
        .filter(([name]) => name !== "content-type")
        .map(([name, value]) => ({ name, value })),
    },
  },
});

/** Those that may be larger than any other body; the others are measured by their functions as well. */
const uploads = routes.flatMap(({ path, upload }) =>
  upload && upload.largest > largestBody ? [{ path, largest: upload.largest }] : [],
);

const refusals = { tooMany: tooManyRequests(window), tooLarge: bodyTooLarge(largestBody) };

/** Refused by the announced length; a body that announces none is measured by the function, which answers the same. */
const tooLarge = (): Rule[] => {
  const action = refused(refusals.tooLarge, problemOf(refusals.tooLarge, ""));
  const elsewhere: Statement[] =
    uploads.length === 0 ? [] : [{ notStatement: { statement: anyOf(uploads.map(({ path }) => pathIs(path))) } }];
  const statements = [...elsewhere, longerThan(largestBody)];
  return [
    {
      name: "body-too-large",
      action,
      statement: statements.length === 1 ? longerThan(largestBody) : { andStatement: { statements } },
    },
    ...uploads.map(({ path, largest }, index) => ({
      name: `upload-too-large-${index + 1}`,
      action,
      statement: { andStatement: { statements: [pathIs(path), longerThan(largest)] } },
    })),
  ];
};

const tooMany = (name: string, limit: number, scopeDownStatement?: Statement): Rule => ({
  name,
  action: refused(refusals.tooMany, problemOf(refusals.tooMany, "")),
  statement: {
    rateBasedStatement: {
      aggregateKeyType: "IP",
      evaluationWindowSec: window,
      limit,
      ...(scopeDownStatement && { scopeDownStatement }),
    },
  },
});

const rules = (): Rule[] => [
  tooMany("too-many-requests", rateLimit.perSecond * window),
  tooMany("too-many-tokens", tokensPerWindow, pathIs("/oauth2/token")),
  ...tooLarge(),
  managed("AWSManagedRulesAmazonIpReputationList"),
  managed("AWSManagedRulesCommonRuleSet", onlyCounted),
  managed("AWSManagedRulesKnownBadInputsRuleSet"),
];

/** What a blocked caller reads: the problem, without an id, as the firewall knows none. */
const bodyOf = (refusal: Refusal): CfnWebACL.CustomResponseBodyProperty => {
  const { instance: _none, ...body } = problemOf(refusal, "").body;
  return { contentType: "APPLICATION_JSON", content: JSON.stringify(body) };
};

/**
 * What no log of the firewall's repeats. WAF logs with a match what the rule found, which in a body may be a child's; the
 * log's own redaction leaves that as it is.
 */
const unseen: CfnWebACL.FieldToProtectProperty[] = [
  { fieldType: "BODY" },
  { fieldType: "QUERY_STRING" },
  { fieldType: "SINGLE_HEADER", fieldKeys: ["authorization", "dpop"] },
];

export type WebAclProps = { stage: Stage; config: StageConfig; apiStage: ApiStage; key: IKey };

/** The firewall in front of the API. It keeps no samples of requests: those would hold tokens. */
export const protect = (stack: Stack, { stage, config, apiStage, key }: WebAclProps): { metricName: string } => {
  const metricName = physicalName(stage, "api");
  const visible = (name: string) => ({
    cloudWatchMetricsEnabled: true,
    metricName: name,
    sampledRequestsEnabled: false,
  });
  const acl = new CfnWebACL(stack, "WebAcl", {
    name: metricName,
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    visibilityConfig: visible(metricName),
    dataProtectionConfig: { dataProtections: unseen.map((field) => ({ field, action: "SUBSTITUTION" })) },
    customResponseBodies: Object.fromEntries(Object.values(refusals).map((each) => [each.code, bodyOf(each)])),
    rules: rules().map((rule, priority) => ({ ...rule, priority, visibilityConfig: visible(rule.name) })),
  });
  new CfnWebACLAssociation(stack, "WebAclAssociation", { resourceArn: apiStage.stageArn, webAclArn: acl.attrArn });
  const log = new LogGroup(stack, "WebAclLog", {
    // WAF writes to no group of another name.
    logGroupName: `aws-waf-logs-${metricName}`,
    retention: config.logRetentionDays,
    encryptionKey: key,
    removalPolicy: keptOnceDeployed,
  });
  new CfnLoggingConfiguration(stack, "WebAclLogging", {
    resourceArn: acl.attrArn,
    logDestinationConfigs: [
      stack.formatArn({
        service: "logs",
        resource: "log-group",
        resourceName: log.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
    redactedFields: [
      { singleHeader: { Name: "authorization" } },
      { singleHeader: { Name: "dpop" } },
      { queryString: {} },
    ],
    loggingFilter: {
      DefaultBehavior: "DROP",
      Filters: [
        {
          Behavior: "KEEP",
          Requirement: "MEETS_ANY",
          Conditions: [{ ActionCondition: { Action: "BLOCK" } }, { ActionCondition: { Action: "COUNT" } }],
        },
      ],
    },
  });
  return { metricName };
};
