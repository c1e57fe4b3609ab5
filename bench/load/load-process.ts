/** The load process: does what `load-client.ts` orders, so that the cost of sending is on no other event loop. */
import { type PreparedSet, prepare, runLoad } from './load-run.ts';
import type { LoadOrder, LoadReply } from './messages.ts';

const sets = new Map<number, PreparedSet>();

function reply(message: LoadReply): void {
  process.send?.(message);
}

async function obey(order: LoadOrder): Promise<LoadReply> {
  if (order.kind === 'prepare') {
    sets.set(order.id, prepare(order.endpoint, order.set));
    return { kind: 'prepared' };
  }
  const prepared = sets.get(order.id);
  if (prepared === undefined) throw new Error(`there are no requests ${order.id}`);
  return { kind: 'result', result: await runLoad(prepared, order.limits) };
}

process.on('message', (order: LoadOrder) => {
  obey(order).then(reply, (error: unknown) => reply({ kind: 'error', message: String(error) }));
});
process.once('disconnect', () => process.exit());
reply({ kind: 'ready' });
