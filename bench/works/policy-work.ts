/** What policies cost a request: a small GET by a user with ten of them beside the same by the root, in processor time. */
import { byTurns } from '../by-turns.ts';
import type { Prepared } from '../load/load-client.ts';
import { cpuSeconds } from '../server/process-figures.ts';
import type { Work } from '../work.ts';
import { fillSmall, smallGets } from './object-works.ts';

const connections = 32;
/** More than other works have, as the difference that is looked for is small. */
const turnCount = 7;
const name = 'get-4k-policies';

export const policyWork: Work = {
  names: [name],
  ownServerBecause: 'the user and its policies are in the configuration of a server of our own',
  async run(bench) {
    const site = await bench.site('small');
    const { pid, limitedUser } = site;
    if (pid === undefined || limitedUser === undefined) throw new Error('the server or its user is not known');
    await fillSmall(site);
    const set = smallGets(site.bucket);
    const [byUser, byRoot] = [await bench.load.prepare(limitedUser, set), await bench.load.prepare(site.endpoint, set)];
    const failures = new Map<string, number>();
    // Requests for a second of the server's processor time: what the client takes beside it does not count.
    const speedOf = async (prepared: Prepared, seconds: number): Promise<number> => {
      const before = (await cpuSeconds(pid)) ?? Number.NaN;
      const result = await prepared.run({ connections, seconds });
      for (const [what, count] of result.failures) failures.set(what, (failures.get(what) ?? 0) + count);
      return result.count / (((await cpuSeconds(pid)) ?? Number.NaN) - before);
    };
    for (const prepared of [byUser, byRoot]) await speedOf(prepared, Math.min(2, bench.seconds));
    const slice = (2 * bench.seconds) / turnCount;
    const { measured, limit, ratio } = await byTurns(turnCount, {
      measure: () => speedOf(byUser, slice),
      measureLimit: () => speedOf(byRoot, slice),
    });
    await site.profile(name, () => speedOf(byUser, bench.seconds));
    return [
      {
        ...{ name, title: 'GET 4 KiB by a user with ten policies' },
        measured: { value: 1e6 / measured, unit: 'µs' },
        limit: { value: 1e6 / limit, unit: 'µs', what: 'the same by the root, in CPU' },
        ratio,
        aim: { ratio: 0.91 },
        ...(failures.size > 0 && { failures: Object.fromEntries(failures) }),
      },
    ];
  },
};
