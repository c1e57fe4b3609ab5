/** `ninefold inspect FILE`: says what a shard file holds, without a server. */
import type { Command } from './command.ts';

export const inspect: Command = {
  name: 'inspect',
  operands: ['FILE'],
  summary: 'say what a shard file holds, one line of JSON a stripe; exit 1 if a part of it is damaged',
  async run({ operands: [file = ''], print }) {
    const { inspectShardFile } = await import('../blob/inspect.ts');
    let isWhole = true;
    for await (const region of inspectShardFile(file)) {
      isWhole &&= region.kind === 'stripe' && region.directoryGood && region.badBlocks.length === 0;
      print(JSON.stringify(region));
    }
    return isWhole ? 0 : 1;
  },
};
