import { expect, test } from 'vitest';
import { CommandError, NoAnswer } from './command-error.ts';
import { followTail, type SeenEvent } from './event-tail.ts';

type Look = () => { readonly events: readonly SeenEvent[]; readonly next: string; readonly hasGap: boolean };

/** What is printed and complained of over some looks, and the places that they asked for. */
async function follow(looks: readonly Look[]) {
  const [printed, complaints, places]: [string[], string[], (readonly string[])[]] = [[], [], []];
  const following = followTail({
    async look(place) {
      places.push(place);
      const next = looks[places.length - 1];
      if (next === undefined) throw new Error('one look too many');
      return next();
    },
    isWanted: ({ target }) => target === 'wanted',
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
    isRead: () => places.length < looks.length,
    pause: async () => {},
  });
  const error = await following.then(
    () => undefined,
    (why: unknown) => why,
  );
  return { printed, complaints, places, error };
}

const page = (next: string, { hasGap = false, targets = ['wanted'] } = {}): Look => {
  return () => ({ events: targets.map((target) => ({ target })), next, hasGap });
};
const noAnswer: Look = () => {
  throw new NoAnswer('No server answers');
};

test('looks follow each other → what is wanted is printed, and what is missing is told', async () => {
  const { printed, complaints, places } = await follow([
    page('a.1', { targets: [] }),
    page('a.2', { targets: ['wanted', 'other'] }),
    page('a.9', { hasGap: true }),
  ]);
  expect(printed).toEqual(['{"target":"wanted"}', '{"target":"wanted"}']);
  expect(complaints).toEqual([expect.stringContaining('Events are missing here')]);
  expect(places).toEqual([[], ['a.1'], ['a.2']]);
});

test('the server is started anew meanwhile → it is waited for, and the tail goes on', async () => {
  const { printed, complaints, error } = await follow([
    page('a.1', { targets: [] }),
    noAnswer,
    noAnswer,
    page('b.0', { targets: [], hasGap: true }),
    page('b.1'),
  ]);
  expect(error).toBeUndefined();
  expect(printed).toEqual(['{"target":"wanted"}']);
  expect(complaints).toEqual([expect.stringContaining('does not answer any more'), expect.stringContaining('is back')]);
});

test('no server from the beginning, or one that refuses → the tail ends with the reason', async () => {
  expect((await follow([noAnswer, page('a.1')])).error).toBeInstanceOf(NoAnswer);
  const refusing: Look = () => {
    throw new CommandError('The key is another');
  };
  expect((await follow([page('a.1'), refusing, page('a.2')])).error).toMatchObject({ message: 'The key is another' });
});
