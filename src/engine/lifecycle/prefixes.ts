/** Prefixes in order, without those that begin with another one. */
export function outermost(prefixes: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const prefix of prefixes.toSorted()) {
    const last = found.at(-1);
    if (last === undefined || !prefix.startsWith(last)) found.push(prefix);
  }
  return found;
}
