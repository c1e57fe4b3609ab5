/** Access logs as tests read them. */
import { expect } from 'vitest';

export interface Line {
  readonly whole: string;
  readonly operation: string;
  readonly key: string;
  /** From the request line on. */
  readonly rest: readonly string[];
}

/** Lines of access logs; each must have all fields. */
export function parseLog(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((whole) => {
      const fields = whole.match(/\[[^\]]*\]|"[^"]*"|\S+/g) ?? [];
      expect(fields).toHaveLength(27);
      const [, , , , , , operation = '', key = '', ...rest] = fields;
      return { whole, operation, key, rest };
    });
}
