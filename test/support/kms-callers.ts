/** Who asks KMS of a test server: the root, and users with policies of their own. */
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { type Daemon, region, rootKey } from './daemon.ts';
import { signedRequests } from './signed-requests.ts';

export interface KmsCallers {
  /** Asks KMS as the root. */
  kms(action: string, input: object): Promise<Record<string, unknown>>;
  /** A user that may do everything with S3, and with KMS what is given. */
  newUser(name: string, ...statements: object[]): Promise<S3Client>;
}

export function kmsCallers(daemon: () => Daemon): KmsCallers {
  const { send } = signedRequests(daemon);
  return {
    async kms(action, input) {
      const headers = { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' };
      const { body } = await send({ method: 'POST', path: '/', service: 'kms', headers, body: JSON.stringify(input) });
      return JSON.parse(body);
    },
    async newUser(name, ...statements) {
      const options = { endpoint: daemon().endpoint, region, maxAttempts: 1 };
      const iam = new IAMClient({ ...options, credentials: rootKey });
      await iam.send(new CreateUserCommand({ UserName: name }));
      const all = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }, ...statements];
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: all });
      await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'own', PolicyDocument }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
      const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
      return new S3Client({ ...options, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
    },
  };
}
