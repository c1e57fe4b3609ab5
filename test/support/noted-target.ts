/** A destination of replication that a test plays. */
import type { PartThere, ReplicaTarget } from '../../src/engine/replication/types.ts';

/** A destination that notes what it is asked for, and fails where a test says so. */
export function notedTarget(fails: (call: string) => Error | undefined = () => undefined) {
  const calls: string[] = [];
  const there = new Map<number, PartThere>();
  const note = (call: string): void => {
    const error = fails(call);
    calls.push(error === undefined ? call : `${call} failed`);
    if (error !== undefined) throw error;
  };
  const target: ReplicaTarget = {
    async putWhole({ version }) {
      note(`put ${version.key} ${version.versionId}`);
    },
    async beginUpload() {
      note('begin');
      return 'the-upload';
    },
    partsOf: async (_, uploadId) => {
      note(`parts of ${uploadId}`);
      return there;
    },
    async putPart(_, { part }) {
      note(`part ${part.partNumber}`);
      there.set(part.partNumber, part);
      return part.etag;
    },
    async completeUpload(_, { parts }) {
      note(`complete ${parts.length}`);
      return true;
    },
    async abortUpload({ key }, uploadId) {
      note(`abort ${key} ${uploadId}`);
    },
    async putMarker({ version }) {
      note(`mark ${version.key}`);
    },
    async setAttributes({ version }) {
      note(`set ${version.key}`);
      return false;
    },
  };
  return { calls, target };
}
