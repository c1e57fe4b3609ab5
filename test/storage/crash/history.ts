/**
 * What a recorded process did to the files below its folder, as operations on the nodes of a tree: writes, changes of
 * size, changes of names, and syncs. Descriptors and paths are resolved here, by following the whole recording once.
 * Anything that changes files in a way that is not understood is an error: nothing may be overlooked.
 */
import assert from 'node:assert/strict';
import { relative, sep } from 'node:path';
import { type FileTree, type NodeId, ROOT } from './file-tree.ts';
import type { Argument, Call } from './strace-output.ts';
import { committedLength } from './write-ahead-log.ts';

/** SQLite makes its index of a write-ahead log anew whenever a first process opens the database. */
export function isForgotten(path: string): boolean {
  return path.endsWith('-shm');
}

/** How many bytes of a file can be of use after a crash. */
export function usefulLength(name: string, bytes: Buffer): number {
  return name.endsWith('.sqlite-wal') ? committedLength(bytes) : bytes.length;
}

interface Timed {
  /** Positions in the recording. Between the two the operation may have happened or not. */
  readonly start: number;
  readonly end: number;
}
export interface Write extends Timed {
  readonly kind: 'write';
  readonly file: NodeId;
  readonly offset: number;
  readonly bytes: Buffer;
}
export interface Resize extends Timed {
  readonly kind: 'resize';
  readonly file: NodeId;
  readonly size: number;
}
/** Names that change in one step. `node` is undefined where a name goes; `makes` is what the step brings into being. */
export interface Rename extends Timed {
  readonly kind: 'names';
  readonly names: readonly { readonly folder: NodeId; readonly name: string; readonly node: NodeId | undefined }[];
  readonly makes?: { readonly node: NodeId; readonly isFolder: boolean };
}
export interface Sync extends Timed {
  readonly kind: 'sync';
  readonly node: NodeId;
}
export type Change = Write | Resize | Rename;

/** What the process said of itself: text written to the file of marks. */
export interface Mark extends Timed {
  readonly text: string;
}

export interface History {
  readonly initial: FileTree;
  /** In the order of their ends. */
  readonly changes: readonly Change[];
  readonly syncs: readonly Sync[];
  readonly marks: readonly Mark[];
  /** Short words for each operation of the tree, for people. */
  describe(operation: Change | Sync): string;
}

interface Descriptor {
  readonly node: NodeId;
  readonly isAppending: boolean;
  position: number;
}

/** `root` is the absolute path of the recorded process's folder, `marks` of its file of marks. */
export function historyOf(calls: readonly Call[], initial: FileTree, places: { root: string; marks: string }): History {
  const follower = new Follower(initial, places);
  const events = calls.flatMap((call) => [
    { at: call.start, call, isStart: true },
    { at: call.end, call, isStart: false },
  ]);
  events.sort((a, b) => a.at - b.at);
  for (const { call, isStart } of events) {
    if (isStart) follower.begin(call);
    else follower.finish(call);
  }
  const { changes, syncs, marks, paths } = follower;
  const describe = (operation: Change | Sync): string => {
    if (operation.kind === 'names') {
      return operation.names
        .map(({ folder, name, node }) => `${paths.get(folder)}/${name} → ${node ?? 'gone'}`)
        .join(', ');
    }
    if (operation.kind === 'sync') return `sync ${paths.get(operation.node)}`;
    const path = paths.get(operation.file);
    if (operation.kind === 'resize') return `resize ${path} to ${operation.size}`;
    return `write ${path} at ${operation.offset}, ${operation.bytes.length} bytes`;
  };
  return { initial, changes, syncs, marks, describe };
}

class Follower {
  readonly changes: Change[] = [];
  readonly syncs: Sync[] = [];
  readonly marks: Mark[] = [];
  /** The last known path of each node. */
  readonly paths = new Map<NodeId, string>();
  readonly #places: { root: string; marks: string };
  readonly #tree: FileTree;
  readonly #descriptors = new Map<number, Descriptor>();
  #marksDescriptor: number | undefined;
  /** What each call under way had as its file when it began: its descriptor may be closed and used again meanwhile. */
  readonly #subjects = new Map<Call, Descriptor | 'marks' | undefined>();
  #nextNode: NodeId;

  constructor(initial: FileTree, places: { root: string; marks: string }) {
    this.#tree = initial.copy();
    this.#places = places;
    this.#nextNode = initial.size;
    this.#namePaths(ROOT, '.');
  }

  begin(call: Call): void {
    const [first] = call.arguments;
    if (typeof first !== 'number') return;
    this.#subjects.set(call, first === this.#marksDescriptor ? 'marks' : this.#descriptors.get(first));
    if (call.name === 'close') this.#descriptors.delete(first);
  }

  finish(call: Call): void {
    const subject = this.#subjects.get(call);
    this.#subjects.delete(call);
    if (call.name === 'mmap') this.#refuseSharedMapping(call);
    // libuv has rings to wait by; one that polls would take writes past the recording.
    const isHidden = call.name === 'io_uring_setup' && JSON.stringify(call.arguments).includes('IORING_SETUP_SQPOLL');
    assert(!isHidden && call.name !== 'sync' && call.name !== 'syncfs', `what ${call.name} does is not known here`);
    const hasFailed = call.result !== undefined && call.result < 0;
    if (hasFailed || call.name === 'close') return;
    if (subject === 'marks') this.#mark(call);
    else if (subject !== undefined) this.#onDescriptor(call, subject);
    else if (typeof call.arguments[0] !== 'number') this.#onPath(call);
  }

  #mark(call: Call): void {
    if (call.name !== 'write') return;
    const text = bytesOf(call.arguments[1]).toString();
    this.marks.push({ text, start: call.start, end: call.end });
  }

  #onDescriptor(call: Call, descriptor: Descriptor): void {
    const { name, arguments: values, start, end } = call;
    const { node } = descriptor;
    const written = call.result ?? Number.POSITIVE_INFINITY;
    if (name === 'fsync' || name === 'fdatasync') this.syncs.push({ kind: 'sync', node, start, end });
    else if (name === 'ftruncate') this.#add({ kind: 'resize', file: node, size: numberOf(values[1]), start, end });
    else if (name === 'fallocate') this.#allocate(call, node);
    else if (name === 'pwrite64') this.#write(call, node, bytesOf(values[1]).subarray(0, written), numberOf(values[3]));
    else if (name === 'pwritev') this.#write(call, node, gathered(values[1]).subarray(0, written), numberOf(values[3]));
    else if (name === 'write') this.#append(call, descriptor, bytesOf(values[1]).subarray(0, written));
    else if (name === 'writev') this.#append(call, descriptor, gathered(values[1]).subarray(0, written));
    else if (name === 'copy_file_range' || name === 'sendfile') this.#copy(call);
    else assert.fail(`what ${name} does to a file is not known here`);
  }

  #onPath(call: Call): void {
    const { name, arguments: values, start, end } = call;
    const isAt = name.endsWith('at') || name.endsWith('at2');
    const paths = values.filter((value) => Buffer.isBuffer(value)).map((value) => this.#namesOf(String(value)));
    const [path, second] = paths;
    if (path === undefined) {
      if (name === 'openat' && String(values[1]) === this.#places.marks) this.#marksDescriptor = call.result;
      return;
    }
    assert(!isAt || values[0] === 'AT_FDCWD', `${name} relative to an open folder is not known here`);
    if (name === 'openat' || name === 'open' || name === 'creat') this.#open(call, path);
    else if (name === 'mkdir' || name === 'mkdirat') this.#make(call, path, true);
    else if (/^(unlink|unlinkat|rmdir)$/.test(name)) {
      this.#add({ kind: 'names', names: [{ ...this.#place(path), node: undefined }], start, end });
    } else if (/^rename/.test(name)) {
      assert(second !== undefined, 'nothing is renamed out of the folder');
      const node = this.#tree.find(path);
      assert(node !== undefined && !String(values.at(-1)).includes('RENAME_EXCHANGE'), 'a rename moves one node');
      const names = [
        { ...this.#place(path), node: undefined },
        { ...this.#place(second), node },
      ];
      this.#add({ kind: 'names', names, start, end });
      this.#namePaths(node, second.join('/'));
    } else if (name === 'truncate') {
      const file = this.#tree.find(path);
      assert(file !== undefined, 'a file that was cut is there');
      this.#add({ kind: 'resize', file, size: numberOf(values[1]), start, end });
    } else assert.fail(`what ${name} does to a path is not known here`);
  }

  #open(call: Call, path: readonly string[]): void {
    const flags = String(call.arguments.find((value) => typeof value === 'string' && value.startsWith('O_')) ?? '');
    const has = (flag: string): boolean => flags.split('|').includes(flag);
    assert(!has('O_DSYNC') && !has('O_SYNC') && !has('O_TMPFILE'), `${flags} is not known here`);
    let node = this.#tree.find(path);
    if (node === undefined) {
      if (!has('O_CREAT')) return;
      node = this.#make(call, path, false);
    } else if (has('O_TRUNC') && this.#tree.file(node).size > 0) {
      this.#add({ kind: 'resize', file: node, size: 0, start: call.start, end: call.end });
    }
    if (call.result === undefined) return;
    this.#descriptors.set(call.result, { node, isAppending: has('O_APPEND'), position: 0 });
  }

  #make(call: Call, path: readonly string[], isFolder: boolean): NodeId {
    const node = this.#nextNode;
    this.#nextNode += 1;
    makeNode(this.#tree, { node, isFolder });
    const names = [{ ...this.#place(path), node }];
    this.#add({ kind: 'names', names, makes: { node, isFolder }, start: call.start, end: call.end });
    this.#namePaths(node, path.join('/'));
    return node;
  }

  #write({ start, end }: Call, file: NodeId, bytes: Buffer, offset: number): void {
    if (bytes.length > 0) this.#add({ kind: 'write', file, offset, bytes, start, end });
  }

  #append(call: Call, descriptor: Descriptor, bytes: Buffer): void {
    if (descriptor.isAppending) descriptor.position = this.#tree.file(descriptor.node).size;
    this.#write(call, descriptor.node, bytes, descriptor.position);
    descriptor.position += bytes.length;
  }

  /** Only that a file may become longer is of interest. */
  #allocate({ arguments: values, start, end }: Call, file: NodeId): void {
    assert(values[1] === 0, 'only plain allocation is known here');
    const size = numberOf(values[2]) + numberOf(values[3]);
    if (size > this.#tree.file(file).size) this.#add({ kind: 'resize', file, size, start, end });
  }

  /** Bytes that the system copies from one file to another; both are at their own positions. */
  #copy(call: Call): void {
    const values = call.arguments;
    const isRange = call.name === 'copy_file_range';
    const from = this.#descriptors.get(numberOf(values[isRange ? 0 : 1]));
    const to = this.#descriptors.get(numberOf(values[isRange ? 2 : 0]));
    const length = call.result ?? 0;
    if (to === undefined || length === 0) return;
    assert(from !== undefined, 'what is copied lies below the folder');
    const offset = values[isRange ? 1 : 2];
    const start = Array.isArray(offset) ? numberOf(offset[0]) : from.position;
    const bytes = Buffer.from(this.#tree.file(from.node).bytes.subarray(start, start + length));
    if (!Array.isArray(offset)) from.position += length;
    const target = isRange ? values[3] : undefined;
    if (Array.isArray(target)) this.#write(call, to.node, bytes, numberOf(target[0]));
    else this.#append(call, to, bytes);
  }

  #add(change: Change): void {
    applyChange(this.#tree, change);
    this.changes.push(change);
  }

  /** What a process writes by way of its memory is not seen. SQLite does so in one file that no crash leaves of use. */
  #refuseSharedMapping({ arguments: values }: Call): void {
    const file = this.#descriptors.get(Number(values[4]));
    const isWritable = String(values[2]).includes('PROT_WRITE') && String(values[3]).includes('MAP_SHARED');
    if (file === undefined || !isWritable) return;
    const path = this.paths.get(file.node) ?? '';
    assert(isForgotten(path), `${path} is written by way of memory`);
  }

  #place(path: readonly string[]): { folder: NodeId; name: string } {
    const folder = this.#tree.find(path.slice(0, -1));
    assert(folder !== undefined, `the folder of ${path.join('/')} is there`);
    return { folder, name: path.at(-1) ?? '' };
  }

  /** Names below the root; undefined for a path that lies elsewhere. */
  #namesOf(path: string): readonly string[] | undefined {
    const inside = path.startsWith('/') ? relative(this.#places.root, path) : path;
    const names = inside.split(sep).filter((name) => name !== '' && name !== '.');
    return names[0] === '..' ? undefined : names;
  }

  #namePaths(node: NodeId, path: string): void {
    this.paths.set(node, path);
    if (!this.#tree.isFolder(node)) return;
    for (const [name, child] of this.#tree.folder(node)) this.#namePaths(child, `${path}/${name}`);
  }
}

export function makeNode(tree: FileTree, { node, isFolder }: NonNullable<Rename['makes']>): void {
  if (isFolder) tree.addFolder(node);
  else tree.addFile(node);
}

/** What a change does to a tree that has all nodes. A name that is to go may be gone already, in a tree where its making was lost. */
export function applyChange(tree: FileTree, change: Change): void {
  if (change.kind === 'write') tree.write(change.file, change.offset, change.bytes);
  else if (change.kind === 'resize') tree.resize(change.file, change.size);
  else {
    for (const { folder, name, node } of change.names) {
      if (node === undefined) tree.folder(folder).delete(name);
      else tree.folder(folder).set(name, node);
    }
  }
}

function bytesOf(value: Argument | undefined): Buffer {
  assert(Buffer.isBuffer(value), 'what was written is in the recording');
  return value;
}

function numberOf(value: Argument | undefined): number {
  assert(typeof value === 'number', 'a number is in the recording');
  return value;
}

function gathered(value: Argument | undefined): Buffer {
  assert(Array.isArray(value), 'a list of pieces is in the recording');
  return Buffer.concat(value.map((piece: { iov_base?: Argument }) => bytesOf(piece.iov_base)));
}
