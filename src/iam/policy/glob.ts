/**
 * Patterns with `*` (any run of characters) and `?` (any one), as a list of character codes and two marks. A list rather
 * than a text, because `${*}` in a policy means the character itself, and values of variables are never patterns.
 */

/** Character codes, or `anyRun` and `anyOne`. */
export type Glob = readonly number[];

export const anyRun = -1;
export const anyOne = -2;

const star = 42;
const questionMark = 63;

/** A text in which `*` and `?` stand for themselves. */
export function literalGlob(text: string): number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

/** A text in which `*` and `?` are wildcards. */
export function wildGlob(text: string): number[] {
  return literalGlob(text).map((code) => (code === star ? anyRun : code === questionMark ? anyOne : code));
}

/** Whether a text fits: the fast ways for patterns without a wildcard and with one at the end, else `matchesGlob`. */
export function globMatcher(glob: Glob): (text: string) => boolean {
  const wild = glob.findIndex((code) => code < 0);
  if (wild === -1) {
    const exact = String.fromCharCode(...glob);
    return (text) => text === exact;
  }
  if (wild === glob.length - 1 && glob[wild] === anyRun) {
    if (wild === 0) return () => true;
    const prefix = String.fromCharCode(...glob.slice(0, wild));
    return (text) => text.startsWith(prefix);
  }
  return (text) => matchesGlob(glob, text);
}

/**
 * Goes back to the last `*` only, which is enough: what an earlier one took could as well have been left to it. So the time
 * is at most the product of both lengths, whatever a policy's author thinks of.
 */
export function matchesGlob(glob: Glob, text: string, from = 0): boolean {
  let at = from;
  let in_ = 0;
  let resumeIn = -1;
  let resumeAt = from;
  while (at < text.length) {
    const code = glob[in_];
    if (code === anyRun) {
      resumeIn = ++in_;
      resumeAt = at;
    } else if (code === anyOne || code === text.charCodeAt(at)) {
      in_++;
      at++;
    } else if (resumeIn === -1) {
      return false;
    } else {
      in_ = resumeIn;
      at = ++resumeAt;
    }
  }
  while (glob[in_] === anyRun) in_++;
  return in_ === glob.length;
}
