/** The process behind `server-host.ts`: starts and stops servers and runs commands as it is told, in the product's own way. */
import { run } from '../../src/command-line/run.ts';
import { loadConfig } from '../../src/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import type { HostCall, HostReply } from './server-host.ts';

const servers = new Map<number, Daemon>();

process.on('message', (message: { id: number; call: HostCall }) => {
  const { id } = message;
  answer(message.call).then(
    (reply) => process.send?.({ id, reply }),
    (error: unknown) => process.send?.({ id, failure: error instanceof Error ? error.stack : String(error) }),
  );
});
process.once('disconnect', () => process.exit());

async function answer(call: HostCall): Promise<HostReply> {
  switch (call.what) {
    case 'start': {
      const server = await startDaemon(loadConfig(call.flags, call.environment));
      servers.set(call.server, server);
      return { endpoint: server.endpoint };
    }
    case 'stop':
      await servers.get(call.server)?.stop('the test is over');
      servers.delete(call.server);
      return {};
    case 'run': {
      const stdout: string[] = [];
      const stderr: string[] = [];
      const output = {
        print: (text: string) => void stdout.push(`${text}\n`),
        complain: (text: string) => void stderr.push(`${text}\n`),
        isRead: () => true,
      };
      const code = await run(call.args, output, { environment: call.environment });
      return { code, stdout: stdout.join(''), stderr: stderr.join('') };
    }
  }
}
