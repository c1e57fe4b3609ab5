import { expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

it('a client that is alone → its wave begins at once', () => {
  const gathering = new Gathering();
  expect(gathering.beforeWave({ waiting: 1, nowMs: 0 })).toBeUndefined();
  gathering.waveEnded({ commands: 1, nowMs: 10 });
  expect(gathering.beforeWave({ waiting: 1, nowMs: 10 })).toBeUndefined();
});

it('some of those who were answered are not back → waits for the last of them and no longer', async () => {
  const gathering = new Gathering();
  gathering.waveEnded({ commands: 4, nowMs: 0 });
  let began = false;
  const wait = gathering.beforeWave({ waiting: 2, nowMs: 1 })?.then(() => {
    began = true;
  });
  gathering.commandCame(3);
  await Promise.resolve();
  expect(began).toBe(false);
  gathering.commandCame(4);
  await wait;
  // It was not in vain: the next one waits too.
  gathering.waveEnded({ commands: 4, nowMs: 2 });
  expect(gathering.beforeWave({ waiting: 3, nowMs: 2 })).toBeInstanceOf(Promise);
});

it('they do not come back → given up after a moment, and tried again after more and more waves', async () => {
  const gathering = new Gathering();
  const wavesAtOnce = async (): Promise<number> => {
    for (let waves = 0; ; waves++) {
      gathering.waveEnded({ commands: 4, nowMs: 0 });
      const wait = gathering.beforeWave({ waiting: 1, nowMs: 0 });
      if (wait === undefined) continue;
      await wait;
      return waves;
    }
  };
  const tries: number[] = [];
  for (let i = 0; i < 8; i++) tries.push(await wavesAtOnce());
  expect(tries).toEqual([0, 2, 4, 8, 16, 32, 64, 64]);
});

it('many clients, or a batch that begins long after the last wave → does not wait', () => {
  const gathering = new Gathering();
  gathering.waveEnded({ commands: 17, nowMs: 0 });
  expect(gathering.beforeWave({ waiting: 1, nowMs: 1 })).toBeUndefined();
  gathering.waveEnded({ commands: 16, nowMs: 0 });
  expect(gathering.beforeWave({ waiting: 1, nowMs: 5 })).toBeUndefined();
  expect(gathering.beforeWave({ waiting: 15, nowMs: 1 })).toBeInstanceOf(Promise);
});

it('nothing but notes waits, and clients are expected → goes with them', async () => {
  const gathering = new Gathering();
  gathering.waveEnded({ commands: 1, nowMs: 0 });
  const wait = gathering.beforeWave({ waiting: 0, nowMs: 1 });
  expect(wait).toBeInstanceOf(Promise);
  gathering.commandCame(1);
  await wait;
  gathering.waveEnded({ commands: 0, nowMs: 2 });
  expect(gathering.beforeWave({ waiting: 0, nowMs: 2 })).toBeUndefined();
});
