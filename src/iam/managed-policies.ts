/**
 * The managed policies of AWS that say something of the services spoken here, with their documents as AWS publishes them.
 * `ReadOnlyAccess` is shortened to those services: what it says of others nobody can ask for.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
import type { PolicyRecord } from './records.ts';

interface Published {
  readonly name: string;
  readonly id: string;
  readonly description: string;
  readonly version: number;
  readonly created: string;
  readonly updated: string;
  readonly statement: Readonly<Record<string, unknown>>;
}

const published: readonly Published[] = [
  {
    name: 'AdministratorAccess',
    id: 'ANPAIWMBCKSKIEE64ZLYK',
    description: 'Provides full access to AWS services and resources.',
    version: 1,
    created: '2015-02-06T18:39:46Z',
    updated: '2015-02-06T18:39:46Z',
    statement: { Effect: 'Allow', Action: '*', Resource: '*' },
  },
  {
    name: 'AmazonS3FullAccess',
    id: 'ANPAIFIR6V6BVTRAHWINE',
    description: 'Provides full access to all buckets via the AWS Management Console.',
    version: 2,
    created: '2015-02-06T18:40:58Z',
    updated: '2021-09-27T20:16:37Z',
    statement: { Effect: 'Allow', Action: ['s3:*', 's3-object-lambda:*'], Resource: '*' },
  },
  {
    name: 'AmazonS3ReadOnlyAccess',
    id: 'ANPAIZTJ4DXE7G6AGAE6M',
    description: 'Provides read only access to all buckets via the AWS Management Console.',
    version: 3,
    created: '2015-02-06T18:40:59Z',
    updated: '2023-08-10T21:31:39Z',
    statement: {
      Effect: 'Allow',
      Action: ['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*'],
      Resource: '*',
    },
  },
  {
    name: 'AmazonSNSFullAccess',
    id: 'ANPAJWEKLCXXUNT2SOLSG',
    description: 'Provides full access to Amazon SNS via the AWS Management Console.',
    version: 1,
    created: '2015-02-06T18:41:05Z',
    updated: '2015-02-06T18:41:05Z',
    statement: { Effect: 'Allow', Action: ['sns:*'], Resource: '*' },
  },
  {
    name: 'AmazonSNSReadOnlyAccess',
    id: 'ANPAIZGQCQTFOFPMHSB6W',
    description: 'Provides read only access to Amazon SNS via the AWS Management Console.',
    version: 1,
    created: '2015-02-06T18:41:06Z',
    updated: '2015-02-06T18:41:06Z',
    statement: { Effect: 'Allow', Action: ['sns:GetTopicAttributes', 'sns:List*'], Resource: '*' },
  },
  {
    name: 'IAMFullAccess',
    id: 'ANPAI7XKCFMBPM3QQRRVQ',
    description: 'Provides full access to IAM via the AWS Management Console.',
    version: 2,
    created: '2015-02-06T18:40:38Z',
    updated: '2019-06-21T19:40:00Z',
    statement: {
      Effect: 'Allow',
      Action: [
        'iam:*',
        'organizations:DescribeAccount',
        'organizations:DescribeOrganization',
        'organizations:DescribeOrganizationalUnit',
        'organizations:DescribePolicy',
        'organizations:ListChildren',
        'organizations:ListParents',
        'organizations:ListPoliciesForTarget',
        'organizations:ListRoots',
        'organizations:ListPolicies',
        'organizations:ListTargetsForPolicy',
      ],
      Resource: '*',
    },
  },
  {
    name: 'IAMReadOnlyAccess',
    id: 'ANPAJKSO7NDY4T57MWDSQ',
    description: 'Provides read only access to IAM via the AWS Management Console.',
    version: 4,
    created: '2015-02-06T18:40:39Z',
    updated: '2018-01-25T19:11:27Z',
    statement: {
      Effect: 'Allow',
      Action: [
        'iam:GenerateCredentialReport',
        'iam:GenerateServiceLastAccessedDetails',
        'iam:Get*',
        'iam:List*',
        'iam:SimulateCustomPolicy',
        'iam:SimulatePrincipalPolicy',
      ],
      Resource: '*',
    },
  },
  {
    name: 'ReadOnlyAccess',
    id: 'ANPAILL3HVNFSB6DCOWYQ',
    description: 'Provides read-only access to AWS services and resources.',
    version: 1,
    created: '2015-02-06T18:39:48Z',
    updated: '2015-02-06T18:39:48Z',
    statement: {
      Effect: 'Allow',
      Action: [
        'iam:Generate*',
        'iam:Get*',
        'iam:List*',
        'iam:Simulate*',
        's3-object-lambda:GetObject',
        's3-object-lambda:GetObjectAcl',
        's3-object-lambda:GetObjectVersion',
        's3-object-lambda:ListBucket',
        's3-object-lambda:ListBucketVersions',
        's3:DescribeJob',
        's3:Get*',
        's3:List*',
        'sns:Check*',
        'sns:Get*',
        'sns:List*',
        'sts:GetAccessKeyInfo',
        'sts:GetCallerIdentity',
        'sts:GetSessionToken',
      ],
      Resource: '*',
    },
  },
];

const prefix = 'arn:aws:iam::aws:policy/';

const byArn: ReadonlyMap<string, PolicyRecord> = new Map(
  published.map((policy) => [`${prefix}${policy.name}`, recordOf(policy)]),
);

function recordOf({ name, id, description, version, created, updated, statement }: Published): PolicyRecord {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const versionId = `v${version}`;
  return {
    name,
    id,
    description,
    path: '/',
    createdMs: Date.parse(created),
    updatedMs: Date.parse(updated),
    versions: [{ id: versionId, document, createdMs: Date.parse(updated) }],
    defaultVersion: versionId,
    lastVersion: version,
    tags: [],
  };
}

/** A policy of AWS's by its ARN. */
export function managedPolicy(arn: string): PolicyRecord | undefined {
  return byArn.get(arn);
}

export function managedPolicies(): readonly PolicyRecord[] {
  return [...byArn.values()];
}
