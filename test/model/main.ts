/**
 * Random operations on a real server, compared with the reference model of S3, with as many steps as asked for:
 *
 *     node test/model/main.ts [--operations 20000] [--seed N] [--length 300] [--minutes 10]
 *     node test/model/main.ts --seed N --length 300 --path P --commands C     the failure that printed this line
 */
import { parseArgs } from 'node:util';
import { checkModel } from './check-model.ts';

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    length: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '10' },
    path: { type: 'string' },
    commands: { type: 'string' },
  },
});

const { path, commands } = values;
const operations = await checkModel(
  {
    seed: Number(values.seed),
    operations: Number(values.operations),
    length: Number(values.length),
    limitMs: Number(values.minutes) * 60_000,
    report: console.log,
  },
  path === undefined ? undefined : { path, commands: commands ?? '' },
);
console.log(`${operations} steps, all as the model has it`);
