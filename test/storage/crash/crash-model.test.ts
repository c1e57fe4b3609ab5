/** What a crash may leave, on recordings of a few lines. */
import { describe, expect, test } from 'vitest';
import { FileTree, type NodeId, ROOT } from './file-tree.ts';
import { type History, historyOf } from './history.ts';
import { cutPoints, killPoints, type Point, pointOf, Trees } from './points.ts';
import { readCalls } from './strace-output.ts';

const root = '/store';
const hex = (text: string): string =>
  `"${Array.from(Buffer.from(text), (byte) => `\\x${byte.toString(16)}`).join('')}"`;

/** A recording of these lines on a folder that holds the file `old` with eight letters. */
function recorded(...lines: readonly string[]): History {
  const initial = new FileTree();
  initial.addFile(1, Buffer.from('abcdefgh'));
  initial.folder(ROOT).set('old', 1);
  return historyOf(readCalls(lines.join('\n')), initial, { root, marks: '/marks' });
}

/** Files by path, as they are left at a point. */
function left(history: History, point: string | Point): Record<string, string> {
  const tree = new Trees(history).at(typeof point === 'string' ? pointOf(point) : point);
  const files: Record<string, string> = {};
  const visit = (path: string, id: NodeId): void => {
    for (const [name, child] of tree.folder(id)) {
      if (tree.isFolder(child)) visit(`${path}${name}/`, child);
      else files[path + name] = tree.file(child).bytes.subarray(0, tree.file(child).size).toString();
    }
  };
  visit('', ROOT);
  return files;
}

const openOld = `1  openat(AT_FDCWD, ${hex('/store/old')}, O_RDWR|O_CLOEXEC) = 5`;
const openNew = `1  openat(AT_FDCWD, ${hex('new')}, O_WRONLY|O_CREAT|O_EXCL, 0644) = 6`;
const openFolder = `1  openat(AT_FDCWD, ${hex('/store')}, O_RDONLY) = 7`;
const last = Number.MAX_SAFE_INTEGER;

describe('a recording', () => {
  test('of calls that others interrupt → they begin and end where their lines are', () => {
    const [write, sync] = readCalls(
      [
        `1  pwritev(5, [{iov_base=${hex('XY')}, iov_len=2}, {iov_base=${hex('Z')}, iov_len=1}], 2, 3 <unfinished ...>`,
        '2  fdatasync(5 <unfinished ...>',
        '1  <... pwritev resumed>) = 3',
        '2  <... fdatasync resumed>) = 0',
        '2  +++ exited with 0 +++',
      ].join('\n'),
    );
    expect(write).toMatchObject({ name: 'pwritev', result: 3, start: 0, end: 5 });
    expect(sync).toMatchObject({ name: 'fdatasync', result: 0, start: 2, end: 7 });
  });

  test('of every way to write → the files are as they were left', () => {
    const history = recorded(
      openOld,
      `1  pwritev(5, [{iov_base=${hex('XY')}, iov_len=2}, {iov_base=${hex('Z')}, iov_len=1}], 2, 3) = 3`,
      `1  pwrite64(5, ${hex('ij')}, 2, 8) = 1`,
      openNew,
      `1  write(6, ${hex('one')}, 3) = 3`,
      '1  copy_file_range(5, [0], 6, NULL, 2, 0) = 2',
      '1  ftruncate(5, 5) = 0',
      '1  close(5) = 0',
      `1  mkdir(${hex('folder')}, 0777) = 0`,
      `1  rename(${hex('/store/new')}, ${hex('folder/renamed')}) = 0`,
      `1  unlink(${hex('missing')}) = -1 ENOENT (No such file or directory)`,
    );
    expect(left(history, `kill:${last}:none:1`)).toEqual({ old: 'abcXY', 'folder/renamed': 'oneab' });
  });

  test.for([
    ['sync()', 'sync'],
    [`link(${hex('old')}, ${hex('other')})`, 'link'],
    ['mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 5, 0)', 'by way of memory'],
  ] as const)('of what is not understood, %s → an error', ([call, message]) => {
    expect(() => recorded(openOld, `1  ${call} = 0`)).toThrow(message);
  });
});

describe('a killed process', () => {
  const history = recorded(
    openOld,
    `1  pwrite64(5, ${hex('AB')}, 2, 0) = 2`,
    `1  pwrite64(5, ${hex('CDEF')}, 4, 2 <unfinished ...>`,
    `2  pwrite64(5, ${hex('GH')}, 2, 6 <unfinished ...>`,
    '2  <... pwrite64 resumed>) = 2',
    '1  <... pwrite64 resumed>) = 4',
  );

  test('→ what had ended is there, what was under way is not', () => {
    const found = killPoints(history, 1).filter(({ fate }) => fate === 'none');
    expect(found.map((point) => left(history, point)['old'])).toEqual(['abcdefgh', 'ABcdefgh', 'ABcdefGH', 'ABCDEFGH']);
  });

  test('→ half of a write may be there, also of one that nothing else interrupted', () => {
    const [, short] = killPoints(recorded(openOld, `1  pwrite64(5, ${hex('AB')}, 2, 0) = 2`), 1);
    expect(short?.fate).toBe('short');
    expect(short && left(recorded(openOld, `1  pwrite64(5, ${hex('AB')}, 2, 0) = 2`), short)['old']).toBe('Abcdefgh');
  });

  test('→ or half of the next write is, or some of what was under way', () => {
    const found = (fate: string) =>
      Array.from({ length: 40 }, (_, seed) => left(history, `kill:8:${fate}:${seed}`)['old']);
    expect(new Set(found('short'))).toEqual(new Set(['ABcdefGh']));
    expect(new Set(found('some'))).toEqual(new Set(['ABcdefgh', 'ABCDEFgh', 'ABcdefGH', 'ABCDEFGH']));
  });
});

describe('a power cut', () => {
  test('→ a sync keeps what was written before it began, and nothing else', () => {
    const history = recorded(
      openOld,
      `1  pwrite64(5, ${hex('AB')}, 2, 0) = 2`,
      '1  fdatasync(5 <unfinished ...>',
      `2  pwrite64(5, ${hex('CD')}, 2, 2) = 2`,
      '1  <... fdatasync resumed>) = 0',
    );
    expect(left(history, 'cut:8:lost:1')).toEqual({ old: 'abcdefgh' });
    expect(left(history, 'cut:9:lost:1')).toEqual({ old: 'ABcdefgh' });
    expect(left(history, 'cut:9:data:1')).toEqual({ old: 'ABCDefgh' });
  });

  test('→ a new file needs two syncs: of itself and of its folder', () => {
    const lines = [openNew, `1  write(6, ${hex('text')}, 4) = 4`, '1  fsync(6) = 0'];
    expect(left(recorded(...lines), `cut:${last}:lost:1`)).toEqual({ old: 'abcdefgh' });
    expect(left(recorded(...lines, openFolder, '1  fsync(7) = 0'), `cut:${last}:lost:1`)).toEqual({
      old: 'abcdefgh',
      new: 'text',
    });
    expect(left(recorded(...lines.slice(0, 2), openFolder, '1  fsync(7) = 0'), `cut:${last}:lost:1`)).toEqual({
      old: 'abcdefgh',
      new: '',
    });
  });

  test('→ a rename is there or not, in one step', () => {
    const history = recorded(
      openNew,
      `1  write(6, ${hex('text')}, 4) = 4`,
      '1  fsync(6) = 0',
      openFolder,
      '1  fsync(7) = 0',
      `1  rename(${hex('new')}, ${hex('old')}) = 0`,
    );
    const found = new Set(
      Array.from({ length: 20 }, (_, seed) => JSON.stringify(left(history, `cut:${last}:some:${seed}`))),
    );
    expect(found).toEqual(new Set(['{"old":"abcdefgh","new":"text"}', '{"old":"text"}']));
  });

  test('→ a file has its new length and zeros in it, and keeps what it had', () => {
    const history = recorded(openOld, `1  pwrite64(5, ${hex('GHIJ')}, 4, 6) = 4`);
    expect(left(history, `cut:${last}:zeros:1`)).toEqual({ old: 'abcdefgh\0\0' });
  });

  test('→ a write is torn at the sectors of its file, and later writes may be there without it', () => {
    const history = recorded(
      openOld,
      `1  pwrite64(5, ${hex('A'.repeat(1000))}, 1000, 100) = 1000`,
      `1  pwrite64(5, ${hex('B')}, 1, 0) = 1`,
    );
    const found = Array.from({ length: 200 }, (_, seed) => left(history, `cut:${last}:some:${seed}`)['old'] ?? '');
    const [before, gap] = ['abcdefgh', '\0'.repeat(92)];
    expect(found).toContain('Bbcdefgh');
    expect(found).toContain(`${before}${gap}${'A'.repeat(412)}`);
    expect(found).toContain(`${before}${gap}${'\0'.repeat(412)}${'A'.repeat(512)}`);
    expect(found).toContain(`${before}${gap}${'A'.repeat(1000)}`);
  });

  test('→ it is tried before the end of every sync, and at acknowledgements with every zone lost', () => {
    const history = recorded(
      openOld,
      `1  pwrite64(5, ${hex('AB')}, 2, 0) = 2`,
      '1  fdatasync(5) = 0',
      `1  openat(AT_FDCWD, ${hex('/marks')}, O_WRONLY|O_CREAT|O_APPEND, 0666) = 9`,
      `1  write(9, ${hex('{"acknowledged":1}')}, 18) = 18`,
    );
    const points = cutPoints(history, { seed: 1, disks: 3 });
    expect(points).toContainEqual(expect.objectContaining({ at: 4, fate: 'lost' }));
    const losses = points.filter(({ at }) => at === 8).flatMap(({ loses }) => (loses ? [loses] : []));
    expect(losses.map((folders) => folders.length)).toEqual([1, 1, 1, 3]);
  });
});
