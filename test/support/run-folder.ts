/**
 * Before all tests of a project: its temporary folders lie in memory, where there is room, unless it says where else, and the
 * servers and commands that it starts share what Node makes of the sources, which is a fifth of a start. The runner calls this.
 */
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeRunFolder } from './memory-folder.ts';

const bytesFreeMin = 4 * 1024 ** 3;

/** Returns what is to be done after the last test. */
export default function setup(project: TestProject): () => void {
  const { folder, remove } = makeRunFolder(bytesFreeMin);
  project.config.env = { TMPDIR: folder, NODE_COMPILE_CACHE: join(folder, 'compiled'), ...project.config.env };
  return remove;
}
