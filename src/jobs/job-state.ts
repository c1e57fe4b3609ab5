/** Where a job goes on after a restart: a line of JSON that the index keeps. */
import type { Index } from '../meta/types.ts';

export interface JobStateStore {
  load(): Promise<string | undefined>;
  save(state: string): Promise<void>;
}

export function jobStateIn(index: Pick<Index, 'getJobState' | 'submit'>, job: string): JobStateStore {
  return {
    load: () => index.getJobState(job),
    async save(state) {
      await index.submit({ type: 'save-job-state', job, state });
    },
  };
}
