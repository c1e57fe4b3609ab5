import { describe, expect, it } from 'vitest';
import { newRequestId, randomHex } from './ids.ts';

describe('ids', () => {
  it('drawn many times over the store of randomness → each of the right form, none twice', () => {
    const ids = Array.from({ length: 5000 }, () => randomHex(16));
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(newRequestId()).toMatch(/^[0-9A-F]{16}$/);
  });
});
