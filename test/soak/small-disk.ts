/**
 * One of the nine disks on a file system of a few MiB, which becomes full and has room again. A link in the disk's place leads
 * there, so that the disk can be moved away like the others.
 */
import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mountTmpfs, takeAllSpace, unmount } from '../support/small-file-system.ts';

const mebibytes = 64;

export class SmallDisk {
  readonly name: string;
  readonly #mount: string;
  #isFilled = false;

  private constructor(name: string, mount: string) {
    this.name = name;
    this.#mount = mount;
  }

  /** Before the first start. Undefined if nothing may be mounted here. */
  static async mount(dataDirectory: string, name: string): Promise<SmallDisk | undefined> {
    const mount = join(dataDirectory, 'small-disk');
    try {
      await mountTmpfs(mount, mebibytes);
    } catch {
      return undefined;
    }
    await mkdir(join(mount, 'disk'));
    await mkdir(dirname(join(dataDirectory, name)), { recursive: true });
    await symlink(join(mount, 'disk'), join(dataDirectory, name));
    return new SmallDisk(name, mount);
  }

  /** Takes all room but so many bytes, by a file that is not the store's. */
  async fill(leftBytes: number): Promise<void> {
    this.#isFilled = true;
    await takeAllSpace(join(this.#mount, 'other'), leftBytes);
  }

  /** False if nothing took it. */
  async makeRoom(): Promise<boolean> {
    const wasFilled = this.#isFilled;
    this.#isFilled = false;
    await rm(join(this.#mount, 'other'), { force: true });
    return wasFilled;
  }

  async unmount(): Promise<void> {
    await unmount(this.#mount);
  }
}
