/**
 * A tree of folders and files in memory: nodes by number, as a file system has inodes, so that a file keeps its content
 * wherever its name goes. Node 0 is the root.
 */
import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type NodeId = number;
export const ROOT: NodeId = 0;

export interface File {
  /** May be longer than the file; behind its end there are zeros. */
  bytes: Buffer;
  size: number;
  /** Whether no other tree shares the buffer. */
  isOwn: boolean;
}
export type Folder = Map<string, NodeId>;

/** Of buffers that trees share, which therefore stay as they are. */
const digests = new WeakMap<Buffer, { readonly size: number; readonly digest: string }>();

export class FileTree {
  readonly #nodes = new Map<NodeId, File | Folder>();

  constructor() {
    this.#nodes.set(ROOT, new Map());
  }

  /** A copy. The two share the bytes of each file until one of them writes to it. */
  copy(): FileTree {
    const copy = new FileTree();
    for (const [id, node] of this.#nodes) {
      if (node instanceof Map) {
        copy.#nodes.set(id, new Map(node));
        continue;
      }
      node.isOwn = false;
      copy.#nodes.set(id, { ...node });
    }
    return copy;
  }

  get size(): number {
    return this.#nodes.size;
  }

  addFile(id: NodeId, bytes = Buffer.alloc(0)): void {
    this.#nodes.set(id, { bytes, size: bytes.length, isOwn: true });
  }

  addFolder(id: NodeId): void {
    this.#nodes.set(id, new Map());
  }

  file(id: NodeId): File {
    const node = this.#nodes.get(id);
    assert(node !== undefined && !(node instanceof Map), `node ${id} is a file`);
    return node;
  }

  folder(id: NodeId): Folder {
    const node = this.#nodes.get(id);
    assert(node instanceof Map, `node ${id} is a folder`);
    return node;
  }

  isFolder(id: NodeId): boolean {
    return this.#nodes.get(id) instanceof Map;
  }

  /** The node at a path of names; undefined if there is none. */
  find(names: readonly string[]): NodeId | undefined {
    let id: NodeId | undefined = ROOT;
    for (const name of names) {
      const node: File | Folder | undefined = id === undefined ? undefined : this.#nodes.get(id);
      id = node instanceof Map ? node.get(name) : undefined;
    }
    return id;
  }

  write(id: NodeId, offset: number, bytes: Uint8Array): void {
    const file = this.file(id);
    const end = offset + bytes.length;
    if (!file.isOwn || file.bytes.length < end) this.#own(file, Math.max(end, file.size * 2));
    file.bytes.set(bytes, offset);
    file.size = Math.max(file.size, end);
  }

  resize(id: NodeId, size: number): void {
    const file = this.file(id);
    file.size = Math.min(size, file.size);
    this.#own(file, size);
    file.size = size;
  }

  #own(file: File, capacity: number): void {
    const bytes = Buffer.alloc(capacity);
    file.bytes.copy(bytes, 0, 0, file.size);
    file.bytes = bytes;
    file.isOwn = true;
  }

  /** Tells trees apart that hold other files. `lengthOf` says how much of a file's bytes count. */
  digest(skips: (name: string) => boolean, lengthOf: (name: string, bytes: Buffer) => number): string {
    const whole = createHash('sha1');
    const visit = (id: NodeId): void => {
      for (const [name, child] of [...this.folder(id)].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (skips(name)) continue;
        if (this.isFolder(child)) {
          whole.update(JSON.stringify(name));
          visit(child);
          continue;
        }
        const file = this.file(child);
        const size = lengthOf(name, file.bytes.subarray(0, file.size));
        whole.update(JSON.stringify([name, size]));
        whole.update(digestOf({ ...file, size }));
      }
      whole.update('/');
    };
    visit(ROOT);
    return whole.digest('hex');
  }

  /** Writes everything below a folder out. `skips` says which names are left out. */
  writeOut(target: string, skips: (name: string) => boolean, id: NodeId = ROOT): void {
    mkdirSync(target, { recursive: true });
    for (const [name, child] of this.folder(id)) {
      if (skips(name)) continue;
      const path = join(target, name);
      if (this.isFolder(child)) this.writeOut(path, skips, child);
      else writeFileSync(path, this.file(child).bytes.subarray(0, this.file(child).size));
    }
  }
}

function digestOf({ bytes, size, isOwn }: File): string {
  const known = isOwn ? undefined : digests.get(bytes);
  if (known?.size === size) return known.digest;
  const digest = hash('sha1', bytes.subarray(0, size));
  if (!isOwn) digests.set(bytes, { size, digest });
  return digest;
}

/** The tree as it lies in a folder. */
export function readTree(folder: string): FileTree {
  const tree = new FileTree();
  const readInto = (path: string, id: NodeId): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = tree.size;
      tree.folder(id).set(entry.name, child);
      if (entry.isDirectory()) {
        tree.addFolder(child);
        readInto(join(path, entry.name), child);
      } else {
        tree.addFile(child, readFileSync(join(path, entry.name)));
      }
    }
  };
  readInto(folder, ROOT);
  return tree;
}
