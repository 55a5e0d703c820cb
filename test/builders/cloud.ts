import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll } from "vitest";
import type { Stage } from "../../infra/config.ts";
import { oncePerRun } from "./once-per-run.ts";
import type { Accepted, Synthesised } from "./synthesis.ts";

export type Properties = Record<string, unknown>;
export type Resource = {
  stack: string;
  logicalId: string;
  type: string;
  /** With every reference in it resolved, as far as it can be without an account. */
  properties: Properties;
  /** What CDK built it as: the path of the construct. */
  path: string;
  deletionPolicy: string | undefined;
  updateReplacePolicy: string | undefined;
};

export type Cloud = {
  /** Everything that a stage's stacks and their nested stacks make. */
  resources(stage: Stage): readonly Resource[];
  /** Those of one type. */
  ofType(stage: Stage, type: string): readonly Resource[];
  /** What was accepted of cdk-nag's findings, where and why. */
  accepted(stage: Stage): readonly Accepted[];
  /** The number of resources of each template, nested stacks' own included. */
  counts(stage: Stage): ReadonlyMap<string, number>;
};

export const account = "111122223333";
const region = "eu-west-2";

type RawResource = {
  Type: string;
  Properties?: Properties;
  Metadata?: Record<string, string>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
};
type RawTemplate = {
  Resources: Record<string, RawResource>;
  Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown } }>;
};
type Template = {
  name: string;
  raw: RawTemplate;
  parameters: Properties;
  parent: Template | undefined;
  children: Map<string, Template>;
};

/** Both stages, synthesised once for all tests of a run; a finding of cdk-nag fails it. */
export const useCloud = (): Cloud => {
  const templates = new Map<Stage, Template[]>();
  const resolved = new Map<Stage, Resource[]>();
  const accepted = new Map<Stage, Accepted[]>();
  const cloud: Cloud = {
    resources: (stage) => {
      const known = resolved.get(stage) ?? resourcesOf(templates.get(stage) ?? []);
      resolved.set(stage, known);
      return known;
    },
    ofType: (stage, type) => cloud.resources(stage).filter((each) => each.type === type),
    accepted: (stage) => accepted.get(stage) ?? [],
    counts: (stage) =>
      new Map(withNested(templates.get(stage) ?? []).map(({ name, raw }) => [name, Object.keys(raw.Resources).length])),
  };

  beforeAll(async () => {
    // Loaded by the one file that synthesises: CDK is a second's work to load.
    const folder = await oncePerRun("cloud", async (folder) => (await import("./synthesis.ts")).synthesise(folder));
    const read = <Read>(file: string): Read => JSON.parse(readFileSync(join(folder, file), "utf8"));
    for (const [stage, { templateFiles, accepted: findings }] of read<[Stage, Synthesised][]>("about.json")) {
      templates.set(
        stage,
        templateFiles.map((file) => templateOf(file.split(".")[0] ?? "", file, read<RawTemplate>)),
      );
      accepted.set(stage, findings);
    }
  }, 180_000);

  return cloud;
};

const templateOf = (
  name: string,
  file: string,
  read: (file: string) => RawTemplate,
  parent?: Template,
  parameters: Properties = {},
): Template => {
  const raw = read(file);
  const template: Template = { name, raw, parameters, parent, children: new Map() };
  for (const [logicalId, resource] of Object.entries(raw.Resources)) {
    const nested = resource.Type === "AWS::CloudFormation::Stack" ? resource.Metadata?.["aws:asset:path"] : undefined;
    if (nested === undefined) continue;
    const given = (resource.Properties?.Parameters ?? {}) as Properties;
    template.children.set(logicalId, templateOf(`${name}/${logicalId}`, nested, read, template, given));
  }
  return template;
};

const withNested = (templates: readonly Template[]): Template[] =>
  templates.flatMap((template) => [template, ...withNested([...template.children.values()])]);

const resourcesOf = (templates: readonly Template[]): Resource[] =>
  withNested(templates).flatMap((template) =>
    Object.entries(template.raw.Resources).map(([logicalId, raw]) => ({
      stack: template.name,
      logicalId,
      type: raw.Type,
      properties: resolve(raw.Properties ?? {}, template, templates) as Properties,
      path: raw.Metadata?.["aws:cdk:path"] ?? "",
      deletionPolicy: raw.DeletionPolicy,
      updateReplacePolicy: raw.UpdateReplacePolicy,
    })),
  );

const pseudo: Record<string, string> = {
  "AWS::AccountId": account,
  "AWS::Region": region,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** CloudFormation's functions, as far as these templates use them; a thing without a name of its own has its logical id. */
const resolve = (value: unknown, template: Template, all: readonly Template[]): unknown => {
  const inner = (part: unknown) => resolve(part, template, all);
  if (Array.isArray(value)) return value.map(inner);
  if (typeof value !== "object" || value === null) return value;
  const [[name, argument] = ["", undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (name === "Ref") return reference(String(argument), template, all);
    if (name === "Fn::GetAtt") return attribute(argument as [string, string], template, all);
    if (name === "Fn::Join") {
      const [separator, parts] = argument as [string, unknown[]];
      return (inner(parts) as unknown[]).join(separator);
    }
    if (name === "Fn::Sub") return sub(String(argument));
    if (name === "Fn::Select") {
      const [index, parts] = argument as [string | number, unknown];
      return (inner(parts) as unknown[])[Number(index)];
    }
    if (name === "Fn::Split") {
      const [separator, text] = argument as [string, unknown];
      return String(inner(text)).split(separator);
    }
    if (name === "Fn::ImportValue") return imported(inner(argument), all);
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inner(part)]));
};

const sub = (text: string): string => text.replace(/\$\{(AWS::\w+)\}/g, (_all, name: string) => pseudo[name] ?? name);

const imported = (name: unknown, all: readonly Template[]): unknown => {
  for (const template of all) {
    const output = Object.values(template.raw.Outputs ?? {}).find((each) => each.Export?.Name === name);
    if (output) return resolve(output.Value, template, all);
  }
  throw new TypeError(`Nothing exports ${String(name)}`);
};

const reference = (name: string, template: Template, all: readonly Template[]): unknown => {
  if (pseudo[name] !== undefined) return pseudo[name];
  if (template.parent && name in template.parameters) return resolve(template.parameters[name], template.parent, all);
  const resource = template.raw.Resources[name];
  if (!resource) throw new TypeError(`${template.name} has nothing named ${name}`);
  const properties = (part: string) => resolve(resource.Properties?.[part], template, all);
  switch (resource.Type) {
    case "AWS::DynamoDB::Table":
      return properties("TableName");
    case "AWS::SQS::Queue":
      return `https://sqs.${region}.amazonaws.com/${account}/${String(properties("QueueName"))}`;
    case "AWS::Lambda::Function":
      return properties("FunctionName");
    case "AWS::Lambda::Alias":
      return `arn:aws:lambda:${region}:${account}:function:${String(properties("FunctionName"))}:live`;
    case "AWS::IAM::Role":
      return properties("RoleName") ?? name;
    case "AWS::Logs::LogGroup":
      return properties("LogGroupName") ?? name;
    default:
      return name;
  }
};

const attribute = ([name, wanted]: [string, string], template: Template, all: readonly Template[]): unknown => {
  const child = template.children.get(name);
  if (child) {
    const output = child.raw.Outputs?.[wanted.slice("Outputs.".length)];
    return resolve(output?.Value, child, all);
  }
  const id = String(reference(name, template, all));
  const arn = (service: string, rest: string, of = region) => `arn:aws:${service}:${of}:${account}:${rest}`;
  switch (`${template.raw.Resources[name]?.Type} ${wanted}`) {
    case "AWS::DynamoDB::Table Arn":
      return arn("dynamodb", `table/${id}`);
    case "AWS::DynamoDB::Table StreamArn":
      return arn("dynamodb", `table/${id}/stream/2026-11-21T00:00:00.000`);
    case "AWS::SQS::Queue Arn":
      return arn("sqs", id.split("/").at(-1) ?? "");
    case "AWS::KMS::Key Arn":
      return arn("kms", `key/${id}`);
    case "AWS::Lambda::Function Arn":
      return arn("lambda", `function:${id}`);
    case "AWS::IAM::Role Arn":
      return arn("iam", `role/${id}`, "");
    case "AWS::Logs::LogGroup Arn":
      return arn("logs", `log-group:${id}:*`);
    default:
      return `${id}.${wanted}`;
  }
};
