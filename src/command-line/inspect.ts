/** `ninefold inspect FILE`: says what one of our files holds and what in it is damaged, without a server. Reads only. */
import type { InspectedPart } from '../lib/inspection.ts';
import type { Command } from './command.ts';

export const inspect: Command = {
  name: 'inspect',
  operands: ['FILE'],
  options: [{ name: 'json', summary: 'a line of JSON for each part' }],
  summary: 'say what a file of a zone or disk folder holds; exit 1 if it is damaged, 2 if it is none of ours',
  async run({ operands: [file = ''], has, print }) {
    const { recognise } = await import('./recognise.ts');
    const parts = await recognise(file);
    if (parts === undefined) {
      print(has('json') ? JSON.stringify({ kind: 'unknown' }) : `${file}: not a file that Ninefold writes`);
      return 2;
    }
    let damaged = 0;
    for await (const part of parts) {
      damaged += part.damage?.length ?? 0;
      print(has('json') ? asJson(part) : asText(part));
    }
    if (!has('json'))
      print(damaged === 0 ? 'Whole' : `Damaged in ${damaged === 1 ? 'one place' : `${damaged} places`}`);
    return damaged === 0 ? 0 : 1;
  },
};

function asJson({ facts, damage = [] }: InspectedPart): string {
  return JSON.stringify({ ...facts, damage });
}

function asText({ text, damage = [] }: InspectedPart): string {
  const lines = damage.map(({ offset, field, what }) => `  damaged at byte ${offset}, ${field}: ${what}`);
  return [text, ...lines].join('\n');
}
