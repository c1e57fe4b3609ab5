/** Events as rows of a table of PostgreSQL, or of a database that speaks its protocol: taken once they are committed. */
import { Socket } from 'node:net';
import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { brokerTarget, noneTaken, shownAddress } from '../broker-target.ts';
import { allTaken, type EventMessage, type EventTarget, NotTaken, type NotTakenWhy } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface PostgresOptions {
  readonly arn: string;
  readonly url: string;
  /** A table with a column `event`, perhaps with its schema and a dot before it. */
  readonly table: string;
  readonly timeoutMs: number;
  /** Undefined: TLS is not spoken. */
  readonly tls: ReadTlsFiles | undefined;
}

export function postgres({ arn, url, table, timeoutMs, tls }: PostgresOptions): EventTarget {
  return brokerTarget({
    arn,
    address: shownAddress(url),
    timeoutMs,
    async connect({ lost, signal }) {
      const socket = new Socket();
      const client = new Client({
        connectionString: url,
        application_name: 'ninefold',
        connectionTimeoutMillis: timeoutMs,
        keepAlive: true,
        stream: () => socket,
        ...(tls !== undefined && { ssl: tls() }),
      });
      const close = () => {
        client.end().catch(() => {});
        socket.destroy();
      };
      signal.addEventListener('abort', close);
      client.on('error', lost).on('end', () => lost(new NotTaken('The server closed the connection')));
      await client.connect();
      return { publish: insertInto(client, table), close };
    },
  });
}

/** One statement at a time, and each a transaction of its own. */
function insertInto(client: Client, table: string): (messages: readonly EventMessage[]) => Promise<NotTakenWhy> {
  const name = table.split('.').map(escapeIdentifier).join('.');
  const insert = async (messages: readonly EventMessage[]): Promise<NotTakenWhy> => {
    const rows = messages.map((_, at) => `($${at + 1})`).join(', ');
    try {
      await client.query(
        `INSERT INTO ${name} (event) VALUES ${rows}`,
        messages.map(({ text }) => text),
      );
      return allTaken;
    } catch (error) {
      if (!(error instanceof DatabaseError) || isOfConnection(error)) throw error;
      return noneTaken(messages, new NotTaken(adviceOn(error, name), { cause: error }));
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return (messages) => {
    const inserting = last.then(() => insert(messages));
    last = inserting.catch(() => {});
    return inserting;
  };
}

/** Shut down by its operator, or a standby by now: another connection may lead to another server. */
function isOfConnection({ code }: DatabaseError): boolean {
  return code === undefined || /^(08|57P|25006)/.test(code);
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function adviceOn({ code }: DatabaseError, name: string): string {
  if (code === '42P01' || code === '42703') {
    return `Make the table: CREATE TABLE ${name} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event jsonb NOT NULL)`;
  }
  if (code === '42501') return `The user may not insert: GRANT INSERT ON ${name}`;
  return 'The row was not inserted';
}
