/** The process behind `trial-process.ts`: records scenes and tries their points, one scene after another, as it is told. */
import { inspect } from 'node:util';
import { readRecording, record } from './recorder.ts';
import { failuresOf, pointsOf } from './trial.ts';
import type { TrialCall, TrialReply } from './trial-process.ts';

process.on('message', (call: TrialCall) => {
  answer(call).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: inspect(error) }),
  );
});
process.once('disconnect', () => process.exit());

async function answer({ scene, folder, seed }: TrialCall): Promise<TrialReply> {
  await record(scene, folder);
  const recording = readRecording(folder);
  const points = pointsOf(recording, seed);
  return { points: points.length, failures: await failuresOf(recording, points) };
}
