/** `ninefold jobs …` and `ninefold run JOB` as an operator runs them. */
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const run = (...words: string[]) => runNinefoldFor(daemon(), words);

test('paused → shown so and not waited for; resumed → runs, and its end and its figures are told', async () => {
  // Steps that are under way have to end first.
  await eventually(async () =>
    expect((await run('jobs', 'pause', 'collect-garbage')).stdout).toMatch(/^ {2}collect-garbage {2}paused/),
  );
  await eventually(async () =>
    expect((await run('jobs')).stdout).toMatch(/^ {2}collect-garbage +paused(.*\n)+ {2}scrub +waiting/),
  );
  expect(await run('run', 'collect-garbage')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'collect-garbage is paused: let it go on with `ninefold jobs resume collect-garbage`',
    ),
  });
  expect((await run('jobs', 'resume', 'collect-garbage')).stdout).not.toContain('paused');
  expect(await run('run', 'collect-garbage')).toMatchObject({
    code: 0,
    stdout: 'collect-garbage: waiting segments 0, dropped segments 0, dropped shard 0 B\n',
  });
});

test('a job that is not there → refused with the names of those that are', async () => {
  expect(await run('run', 'dance')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/There is no job dance; there are .*collect-garbage/),
  });
});
