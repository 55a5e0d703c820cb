import { CfnOutput, type Stack } from "aws-cdk-lib";
import { DomainName, EndpointType, type RestApi, SecurityPolicy } from "aws-cdk-lib/aws-apigateway";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Bucket } from "aws-cdk-lib/aws-s3";
import type { StageConfig } from "../config.ts";

/** The one address of the API, with mutual TLS where the stage asks for it. Its DNS belongs to whoever deploys. */
export const addDomain = (stack: Stack, { domain }: Pick<StageConfig, "domain">, api: RestApi): void => {
  const { mutualTls } = domain;
  const name = new DomainName(stack, "Domain", {
    domainName: domain.name,
    certificate: Certificate.fromCertificateArn(stack, "Certificate", domain.certificateArn),
    endpointType: EndpointType.REGIONAL,
    securityPolicy: SecurityPolicy.TLS_1_2,
    ...(mutualTls && {
      mtls: {
        bucket: Bucket.fromBucketName(stack, "TrustedAuthorities", mutualTls.bucket),
        key: mutualTls.key,
        version: mutualTls.version,
      },
    }),
  });
  name.addBasePathMapping(api, { stage: api.deploymentStage });
  new CfnOutput(stack, "DnsTarget", {
    description: `${domain.name} is to lead here (CNAME or alias)`,
    value: name.domainNameAliasDomainName,
  });
};
