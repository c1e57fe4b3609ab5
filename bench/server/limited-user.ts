/** A user whose rights stand in ten policies, as a configuration file has it: what a busy team's key looks like to a request. */

/** Of a server of our own, beside its root's. */
export const limitedUserKey = {
  accessKeyId: 'NINEFOLDBENCHUSER',
  secretAccessKey: 'bench-secret-of-a-user-with-ten-policies',
};

const account = '000000000000';
const policyCount = 10;

/** Statements as policies have them: on other buckets, by tag and address, denials with conditions; one of them counts. */
function statementsOf(index: number, bucket: string): readonly object[] {
  const own = `arn:aws:s3:::${index === policyCount - 1 ? bucket : `team-${index}`}`;
  return [
    { Sid: 'List', Effect: 'Allow', Action: ['s3:ListBucket', 's3:GetBucketLocation'], Resource: own },
    { Sid: 'Use', Effect: 'Allow', Action: ['s3:GetObject*', 's3:PutObject'], Resource: [`${own}/*`] },
    {
      Sid: 'Home',
      Effect: 'Allow',
      Action: 's3:*',
      Resource: `arn:aws:s3:::homes-${index}/\${aws:username}/*`,
      Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '127.0.0.0/8'] } },
    },
    {
      Sid: 'NoStrangers',
      Effect: 'Deny',
      Action: 's3:*',
      Resource: '*',
      Condition: { StringNotEquals: { 'aws:PrincipalAccount': account } },
    },
  ];
}

export interface NamedDocument {
  readonly name: string;
  readonly document: object;
}

export function limitedUserPolicies(bucket: string): readonly NamedDocument[] {
  return Array.from({ length: policyCount }, (_, index) => {
    return { name: `policy-${index}`, document: { Version: '2012-10-17', Statement: statementsOf(index, bucket) } };
  });
}

/** JSON, which is YAML too. */
export function configWithLimitedUser(bucket: string): string {
  const policies = limitedUserPolicies(bucket);
  const attached = policies.map(({ name }) => `arn:aws:iam::${account}:policy/${name}`);
  const users = [{ name: 'limited', policies: attached, keys: [limitedUserKey] }];
  return JSON.stringify({ accounts: [{ id: account, policies, users }] });
}
