/**
 * The output of `strace -f -xx`, read into calls. A call that another thread's line interrupted stands on two lines. Each
 * line has two positions, an even one where a call of it starts and an odd one where it ends, so of two calls it is known
 * whether one ended before the other began. The tracer holds a thread at both ends of a call: what a call's end has caused
 * stands behind it.
 */
import assert from 'node:assert/strict';

/** An argument as strace shows it: bytes, a number, a list, a structure, or a word such as a flag. */
export type Argument = Buffer | number | string | readonly Argument[] | Readonly<{ [member: string]: Argument }>;

export interface Call {
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** Undefined if the process ended before the call did. */
  readonly result: number | undefined;
  readonly start: number;
  /** Infinity if the process ended before the call did. */
  readonly end: number;
}

const LINE = /^(\d+) +(.*)$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>/;
const UNFINISHED = ' <unfinished ...>';
const RESULT = /\) += (-?\d+|0x[0-9a-f]+|\?)(?: [^"]*)?$/;

interface Begun {
  readonly text: string;
  readonly start: number;
}

/** Calls in the order of their ends; those that never ended come last. */
export function readCalls(output: string): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, Begun>();
  for (const [number, line] of output.split('\n').entries()) {
    const [, thread = '', text = ''] = LINE.exec(line) ?? [];
    if (text === '' || text.startsWith('+++') || text.startsWith('---')) continue;
    const resumed = RESUMED.exec(text);
    if (resumed) {
      const first = begun.get(thread);
      assert(first, `line ${number + 1} goes on with a call that has not begun`);
      begun.delete(thread);
      calls.push(callOf(first.text + text.slice(resumed[0].length), { start: first.start, end: 2 * number + 1 }));
    } else if (text.endsWith(UNFINISHED)) {
      begun.set(thread, { text: text.slice(0, -UNFINISHED.length), start: 2 * number });
    } else {
      calls.push(callOf(text, { start: 2 * number, end: 2 * number + 1 }));
    }
  }
  for (const { text, start } of begun.values()) calls.push(callOf(text, { start, end: Number.POSITIVE_INFINITY }));
  return calls;
}

function callOf(text: string, { start, end }: { start: number; end: number }): Call {
  const open = text.indexOf('(');
  const [ending, value] = RESULT.exec(text) ?? ['', '?'];
  const reader = new ArgumentReader(text.slice(open + 1, text.length - ending.length));
  return {
    name: text.slice(0, open),
    arguments: reader.list(''),
    result: value === '?' ? undefined : Number(value),
    start,
    end: value === '?' ? Number.POSITIVE_INFINITY : end,
  };
}

/** Reads values separated by commas: the arguments of a call, the elements of a list, the members of a structure. */
class ArgumentReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  list(closing: string): Argument[] {
    const values: Argument[] = [];
    while (!this.#ends(closing)) values.push(this.#value());
    return values;
  }

  #members(): { [member: string]: Argument } {
    const members: { [member: string]: Argument } = {};
    while (!this.#ends('}')) {
      const equals = this.#text.indexOf('=', this.#at);
      const name = this.#text.slice(this.#at, equals);
      this.#at = equals + 1;
      members[name] = this.#value();
    }
    return members;
  }

  #ends(closing: string): boolean {
    while (this.#text.startsWith(', ', this.#at)) this.#at += 2;
    if (this.#at >= this.#text.length) return true;
    if (closing === '' || this.#text[this.#at] !== closing) return false;
    this.#at += 1;
    return true;
  }

  #value(): Argument {
    const first = this.#text[this.#at];
    this.#at += 1;
    if (first === '"') return this.#bytes();
    if (first === '[') return this.list(']');
    if (first === '{') return this.#members();
    const from = this.#at - 1;
    while (this.#at < this.#text.length && !',]}'.includes(this.#text[this.#at] ?? '')) this.#at += 1;
    const word = this.#text.slice(from, this.#at);
    return /^-?\d+$/.test(word) ? Number(word) : word;
  }

  #bytes(): Buffer {
    const close = this.#text.indexOf('"', this.#at);
    const hex = this.#text.slice(this.#at, close).replaceAll('\\x', '');
    this.#at = close + 1;
    assert(!this.#text.startsWith('...', this.#at), 'strace has shortened what was written');
    return Buffer.from(hex, 'hex');
  }
}
