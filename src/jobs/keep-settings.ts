/** Keeps copies of identities and settings on the disks, for when the index is lost in every zone. */
import type { Job } from './job.ts';

const idlePauseMs = 60_000;

/** `write` writes them where they have changed, and says how many disks have them now. */
export function keepSettings(copies: { write(): Promise<number> }): Job {
  let disks = 0;
  return {
    name: 'settings-copies',
    idlePauseMs,
    async step() {
      disks = await copies.write();
      return 'idle';
    },
    status: () => ({ disks }),
  };
}
