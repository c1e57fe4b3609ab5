import { describe, expect, test } from 'vitest';
import { OptionsError, readOptions } from '../../bench/options.ts';

const against = ['--against', 'http://127.0.0.1:9000', '--access-key', 'k', '--secret-key', 's'];

describe('the command line of the bench', () => {
  test('nothing → everything for three seconds, beside the committed baseline', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({ only: [], seconds: 3, memoryGibibytes: 5, isJson: false, isCheck: false });
    expect(options.baselinePath).toMatch(/bench\/baseline\.json$/);
    expect([options.against, options.profileFolder]).toEqual([undefined, undefined]);
  });

  test('another endpoint → its address and key', () => {
    expect(readOptions([...against, '--pid', '7']).against).toEqual({
      endpoint: { host: '127.0.0.1', port: 9000, region: 'us-east-1', accessKeyId: 'k', secretAccessKey: 's' },
      pid: 7,
    });
  });

  test.for([
    [['--novelty']],
    [['--seconds', '0']],
    [['--seconds', 'x']],
    [['--against', 'https://127.0.0.1', '--access-key', 'k', '--secret-key', 's']],
    [['--against', 'http://127.0.0.1:9000']],
    [['--profile', '--save-baseline']],
    [['--profile', ...against]],
  ] as const)('%s → refused', ([args]) => {
    expect(() => readOptions(args)).toThrow(OptionsError);
  });
});
