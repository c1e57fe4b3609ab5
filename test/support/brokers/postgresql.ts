import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, globSync, writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, certificate, certificateKey, user } from './broker.ts';

export async function postgresql(): Promise<Broker> {
  const port = await freePort();
  const server = new BrokerProcess();
  const data = `${server.folder}/data`;
  const url = `postgres://${user.name}:${user.password}@127.0.0.1:${port}/postgres`;
  const [programs] = globSync('/usr/lib/postgresql/*/bin');
  // It is another user, who need not see this repository, and reads a key that is its own alone.
  const own = { certificate: `${server.folder}/certificate.pem`, key: `${server.folder}/key.pem` };
  const password = `${server.folder}/password`;
  const tls = ['ssl=on', `ssl_cert_file=${own.certificate}`, `ssl_key_file=${own.key}`];
  const settings = ['fsync=off', 'dynamic_shared_memory_type=mmap', ...tls].flatMap((setting) => ['-c', setting]);
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...settings];

  async function query(text: string): Promise<readonly { event: unknown }[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ event: unknown }>(text);
      return rows;
    } finally {
      await client.end();
    }
  }

  return {
    target: { postgres: { url, table: 'uploads', tls: { ca: certificate } } },
    missing: programs === undefined ? 'postgresql is not installed' : undefined,
    async start() {
      if (!existsSync(data)) {
        const ids = server.giveTo('postgres');
        copyFileSync(certificate, own.certificate);
        copyFileSync(certificateKey, own.key);
        chmodSync(own.key, 0o600);
        writeFileSync(password, user.password);
        if (ids !== undefined) for (const file of [...Object.values(own), password]) chownSync(file, ids.uid, ids.gid);
        const initial = ['-D', data, '-U', user.name, '-A', 'scram-sha-256', '--pwfile', password, '--no-sync'];
        execFileSync(`${programs}/initdb`, initial, { ...ids, cwd: server.folder, stdio: 'ignore' });
      }
      await server.start({ command: `${programs}/postgres`, args, systemUser: 'postgres' }, port);
      await eventually(() =>
        query(
          'CREATE TABLE IF NOT EXISTS uploads (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event jsonb NOT NULL)',
        ),
      );
    },
    kill: () => server.kill(),
    async messages() {
      const rows = await query('SELECT event FROM uploads ORDER BY number');
      return rows.map(({ event }) => JSON.stringify(event));
    },
    async [Symbol.asyncDispose]() {
      // Killed it would leave shared memory behind.
      await server.kill('SIGINT');
      await server[Symbol.asyncDispose]();
    },
  };
}
