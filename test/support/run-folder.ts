/** Before all tests of `npm test`: temporary folders lie in memory, where there is room. The runner calls this. */
import { makeRunFolder } from './memory-folder.ts';

const bytesFreeMin = 4 * 1024 ** 3;

/** Returns what is to be done after the last test. */
export default function setup(): () => void {
  const { folder, remove } = makeRunFolder(bytesFreeMin);
  process.env['TMPDIR'] = folder;
  return remove;
}
