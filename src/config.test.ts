import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ninefold-config-'));
  folders.push(folder);
  writeFileSync(join(folder, 'config.yaml'), text);
  return join(folder, 'config.yaml');
}

describe('configuration', () => {
  it('nothing given → loopback, port 9000, three zones of three disks under ./data', () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({ host: '127.0.0.1', port: 9000, region: 'us-east-1', rootKey: undefined });
    expect(config.zones.map(({ disks }) => disks.length)).toEqual([3, 3, 3]);
    expect(Object.isFrozen(config.zones[0]?.disks)).toBe(true);
  });

  it('file, environment and flags → the later one wins', () => {
    const file = configFile('port: 1000\nregion: eu-west-1\nhost: 127.0.0.2\n');
    const config = loadConfig({ config: file, host: '127.0.0.3' }, { NINEFOLD_HOST: 'x', NINEFOLD_PORT: '2000' });
    expect(config).toMatchObject({ region: 'eu-west-1', port: 2000, host: '127.0.0.3' });
  });

  it('NINEFOLD_BUCKETS → names with their options', () => {
    expect(loadConfig({}, { NINEFOLD_BUCKETS: 'aaa,bbb:public,ccc:versioned:public' }).buckets).toEqual([
      { name: 'aaa', public: false, versioned: false },
      { name: 'bbb', public: true, versioned: false },
      { name: 'ccc', public: true, versioned: true },
    ]);
    expect(() => loadConfig({}, { NINEFOLD_BUCKETS: 'aaa:pubic' })).toThrow(ConfigError);
    expect(() => loadConfig({}, { NINEFOLD_BUCKETS: 'Aaa' })).toThrow('Aaa is no name of a bucket');
  });

  it('schemes of storage classes → those that are there, of classes that objects may have', () => {
    const schemesOf = (text: string) =>
      loadConfig({ config: configFile(`store:\n  schemes: ${text}\n`) }, {}).store.schemes;
    expect(loadConfig({}, {}).store.schemes).toEqual({ STANDARD: '6+3' });
    expect(schemesOf('{ EXPRESS_ONEZONE: 1+2 }')).toEqual({ EXPRESS_ONEZONE: '1+2' });
    expect(() => schemesOf('{ STANDARD: 4+2 }')).toThrow(/line 2.*store\.schemes\.STANDARD/);
    expect(() => schemesOf('{ OUTPOSTS: 1+2 }')).toThrow(/store\.schemes/);
  });

  it('half a root key, an unknown setting, a wrong value → an error that names the place', () => {
    expect(() => loadConfig({}, { NINEFOLD_ACCESS_KEY_ID: 'abc' })).toThrow(/rootKey\.secretAccessKey/);
    expect(() => loadConfig({ config: configFile('prot: 1\n') }, {})).toThrow(/prot/);
    expect(() => loadConfig({ config: configFile('host: h\n\nport: many\n') }, {})).toThrow(/line 3.*port/);
    expect(() => loadConfig({ config: configFile('host: [\n') }, {})).toThrow(ConfigError);
    expect(() => loadConfig({ config: '/does/not/exist.yaml' }, {})).toThrow(/cannot be read/);
    expect(() => loadConfig({ port: '99999' }, {})).toThrow(/port/);
  });
});
