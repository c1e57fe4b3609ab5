/** Clients of S3 Control, which put the account's number before the name of the host. */
import { Agent } from 'node:http';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { type Daemon, region } from './daemon.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Not every system finds names below `localhost` where RFC 6761 says that they are. */
const agent = new Agent({
  lookup: (_name, { all }, done) =>
    all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
});

export function controlClient({ port }: Daemon, credentials: Credentials): S3ControlClient {
  return new S3ControlClient({
    endpoint: `http://localhost:${port}`,
    region,
    credentials,
    maxAttempts: 1,
    requestHandler: { httpAgent: agent },
  });
}
