/**
 * Shard files open for reading, the least recently used closed first. A handle that is closed waits for the reads under
 * way on it; one that comes too late gets EBADF and opens the file anew.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from './disk-identity.ts';

interface CachedFile {
  readonly opening: Promise<FileHandle>;
  /** Undefined as long as it is being opened. */
  handle?: FileHandle;
}

export class FileCache {
  /** By `nameOf`. */
  readonly #files = new Map<string, CachedFile>();
  readonly #filesMax: number;

  constructor(filesMax: number) {
    this.#filesMax = filesMax;
  }

  /** Runs a read on an open file. Rejects with what opening or reading it gives. */
  async use<T>(path: string, read: (file: FileHandle) => Promise<T>, flags: number = constants.O_RDONLY): Promise<T> {
    try {
      return await read(await this.#get(path, flags));
    } catch (error) {
      if (errorCode(error) !== 'EBADF') throw error;
      return await read(await this.#get(path, flags));
    }
  }

  /** The descriptor of a file, if it is open. It is for this tick alone: after it the file may be closed. */
  descriptorOf(path: string): number | undefined {
    const file = this.#files.get(path);
    if (file?.handle === undefined) return undefined;
    this.#files.delete(path);
    this.#files.set(path, file);
    return file.handle.fd;
  }

  /** Closes the files whose path starts with a prefix. */
  closeUnder(prefix: string): void {
    for (const name of this.#files.keys()) if (name.startsWith(prefix)) this.#close(name);
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.allSettled(files.map(async ({ opening }) => (await opening).close()));
  }

  #get(path: string, flags: number): Promise<FileHandle> {
    const name = nameOf(path, flags);
    let file = this.#files.get(name);
    if (file) {
      this.#files.delete(name);
    } else {
      const opened: CachedFile = { opening: open(path, flags) };
      file = opened;
      opened.opening.then(
        (handle) => {
          opened.handle = handle;
        },
        () => {
          if (this.#files.get(name) === opened) this.#files.delete(name);
        },
      );
    }
    this.#files.set(name, file);
    this.#evict();
    return file.opening;
  }

  #evict(): void {
    for (const name of this.#files.keys()) {
      if (this.#files.size <= this.#filesMax) return;
      this.#close(name);
    }
  }

  #close(name: string): void {
    const file = this.#files.get(name);
    this.#files.delete(name);
    // Nothing is lost if a file that was only read does not close.
    file?.opening.then((handle) => handle.close()).catch(() => {});
  }
}

/** A file that is open in several ways is several here. Begins with the path, which is all of it for a plain read. */
function nameOf(path: string, flags: number): string {
  return flags === constants.O_RDONLY ? path : `${path}\0${flags}`;
}
