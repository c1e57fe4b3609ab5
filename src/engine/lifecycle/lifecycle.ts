import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';
import { lifecycleKind } from './rules.ts';
import type { Lifecycle } from './types.ts';
import { Walk } from './walk.ts';

/** Lifecycle rules, for the job that has them acted on. */
export function createLifecycle(context: EngineContext, { dayLengthMs }: { dayLengthMs: number }): Lifecycle {
  /** The last one, which may have a move under way. */
  let current: Walk | undefined;
  return {
    nextBucket: (after) => refusing({}, () => context.index.nextBucketWithConfig({ after, kind: lifecycleKind })),
    walk(bucketName, place) {
      const walk = new Walk(context, bucketName, { dayLengthMs, place });
      current = walk;
      return {
        get place() {
          return walk.place;
        },
        step: (query, figures) => refusing({ bucket: bucketName }, () => walk.step(query, figures)),
      };
    },
    close: async () => current?.abort(),
  };
}
