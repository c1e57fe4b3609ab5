/** config.example.yaml says what the schema says: every setting, with its default. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../src/config-schema.ts';
import { settingsOf } from './docs/settings.ts';

const example = readFileSync(new URL('../config.example.yaml', import.meta.url), 'utf8');
/** Settings without a default stand behind a `#` that no space follows. */
const withAllSettings = example
  .replaceAll(/^(buckets|accounts| {2}targets| {2}destinations| {4}keys): \[\]\n/gm, '')
  .replaceAll(/^#(?=\S| {2})/gm, '');

test('the example as it stands → exactly the defaults', () => {
  expect(configSchema.parse(parse(example))).toEqual(configSchema.parse({}));
  expect(parse(example)).toEqual(configSchema.parse({}));
});

test('the example with what is commented out → valid, and names every setting there is', () => {
  const config: unknown = parse(withAllSettings);
  configSchema.parse(config);
  const missing = settingsOf().filter((path) => valueAt(config, path) === undefined);
  expect(missing.map((path) => path.join('.'))).toEqual([]);
});

function valueAt(value: unknown, path: readonly string[]): unknown {
  let inner = value;
  for (const [at, name] of path.entries()) {
    // One of a list may show what another cannot have.
    if (Array.isArray(inner)) {
      const rest = path.slice(at + 1);
      return inner.map((one) => valueAt(one, rest)).find((found) => found !== undefined);
    }
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = Object.entries(inner).find(([member]) => member === name)?.[1] ?? undefined;
  }
  return inner;
}
