import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { RestApi } from "aws-cdk-lib/aws-apigateway";
import { describe, expect, inject, it } from "vitest";
import type { StageConfig } from "../../infra/config.ts";
import { addDomain } from "../../infra/stacks/domain.ts";

const certificateArn = "arn:aws:acm:eu-west-2:111122223333:certificate/1";

const domainWith = (changes: Partial<StageConfig["domain"]>): unknown => {
  const stack = new Stack(new App({ outdir: mkdtempSync(join(inject("runFolder"), "domain-")) }), "Api");
  const api = new RestApi(stack, "RestApi");
  api.root.addMethod("GET");
  addDomain(stack, { domain: { name: "cme.example.gov.uk", certificateArn, ...changes } }, api);
  const [domain] = Object.values(Template.fromStack(stack).findResources("AWS::ApiGateway::DomainName"));
  return domain?.Properties;
};

describe("the domain", () => {
  it("speaks TLS 1.2 or later under the stage's certificate", () => {
    expect(domainWith({})).toEqual({
      DomainName: "cme.example.gov.uk",
      EndpointConfiguration: { Types: ["REGIONAL"] },
      RegionalCertificateArn: certificateArn,
      SecurityPolicy: "TLS_1_2",
    });
  });

  it("asks for a client's certificate of the accepted CAs where the stage wants mutual TLS", () => {
    const mutualTls = { bucket: "cme-trust", key: "authorities.pem", version: "3sL4kqtJlcpXroDTDmJ" };
    expect(domainWith({ mutualTls })).toMatchObject({
      SecurityPolicy: "TLS_1_2",
      MutualTlsAuthentication: {
        TruststoreUri: "s3://cme-trust/authorities.pem",
        TruststoreVersion: "3sL4kqtJlcpXroDTDmJ",
      },
    });
  });
});
