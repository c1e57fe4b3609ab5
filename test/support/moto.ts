/** A server of moto's, which speaks AWS's APIs and is not ours. Whoever starts it ends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.ts';

export interface Moto extends AsyncDisposable {
  readonly endpoint: string;
}

/** Starts the server that is installed beside a Python, on any free port unless one is given. It takes some seconds until it answers. */
export async function startMoto(interpreter: string, { port: given }: { readonly port?: number } = {}): Promise<Moto> {
  const port = given ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'ninefold-moto-'));
  const command = join(dirname(interpreter), 'moto_server');
  // It records what it is sent where it is started.
  const server = spawn(command, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', cwd: folder });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null) {
        const exit = once(server, 'exit');
        server.kill('SIGKILL');
        await exit;
      }
      await rm(folder, { recursive: true });
    },
  };
}
