/** `ninefold rebuild-index`: for when the index and its log are lost in every zone. The server must not run. */
import type { Command } from './command.ts';

const neverRestored = `What the disks do not tell, and nobody can restore from them:
- identities, and settings of buckets, that were changed after the last copy of them, at most a minute before a crash
- tags and access control lists that were changed after the object was written
- what was deleted or overwritten and not yet collected: deleted objects whose bytes are still on the disks are back
- empty objects, copies, completed uploads and delete markers made while too few disks took writes`;

export const rebuildIndex: Command = {
  name: 'rebuild-index',
  summary: 'make the index anew from what the disks hold, when it is lost in every zone; the server must not run',
  options: [{ name: 'force', summary: 'also if an index or a log is there, which is then set aside' }],
  async run({ loadConfig, has, print }) {
    const config = loadConfig();
    const { rebuildIndexOf } = await import('../rebuild-index.ts');
    const { buckets, versions, deleteMarkers, uploads, lost, setAside } = await rebuildIndexOf(config, {
      force: has('force'),
    });
    for (const path of setAside) print(`Set aside: ${path}`);
    print(
      `Restored ${buckets} buckets, ${versions} versions, ${deleteMarkers} delete markers and ${uploads} uploads in progress.`,
    );
    for (const line of lost) print(`Lost: ${line}`);
    print(`\n${neverRestored}`);
    return lost.length === 0 ? 0 : 1;
  },
};
