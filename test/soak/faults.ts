/** What is done to a running server: one fault after another, of which never more than the same three disks suffer. */
import { HurtDisks } from '../support/hurt-disks.ts';
import type { S3Http } from '../support/s3-http.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { diskId } from './server-figures.ts';
import type { SmallDisk } from './small-disk.ts';

export interface FaultParts {
  readonly dataDirectory: string;
  readonly http: S3Http;
  readonly random: SeededRandom;
  readonly smallDisk: SmallDisk | undefined;
  restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** What is left of a disk that is filled up: not a byte, less than its reserve, about its reserve. */
const leftBytes = [0, 1024 * 1024, 3 * 1024 * 1024] as const;
const lastMax = 20;
/** A replacement may be refused as long as the server writes to what was there. */
const replaceAttemptsMax = 100;

/** Returns false if it found nothing to be done to. */
type Fault = () => Promise<boolean>;

export class Faults {
  /** How often each was done; those that found nothing to be done to are not counted. */
  readonly counts = new Map<string, number>();
  /** What was done last, and to which disks. */
  readonly last: string[] = [];
  readonly #parts: FaultParts;
  #disks: HurtDisks;

  constructor(parts: FaultParts, seed: number) {
    this.#parts = parts;
    this.#disks = this.#chosen(seed);
  }

  /** Other disks suffer from now on: all must be whole. */
  choose(seed: number): void {
    this.#disks = this.#chosen(seed);
  }

  /** The small disk may become full at any time: it is always one of the three. */
  #chosen(seed: number): HurtDisks {
    const { dataDirectory, smallDisk } = this.#parts;
    return new HurtDisks(dataDirectory, seed, { oneOf: smallDisk?.name });
  }

  async giveBackDisks(): Promise<void> {
    await this.#disks.giveBack();
  }

  /** Gives back all disks, and the room on them. */
  async end(): Promise<void> {
    await this.giveBackDisks();
    await this.#parts.smallDisk?.makeRoom();
  }

  async next(): Promise<void> {
    const { random } = this.#parts;
    const disk = random.below(3);
    const spot = { file: random.below(1000), at: random.below(2 ** 31) };
    const faults: Record<string, Fault> = {
      'kill -9': () => this.#restart('SIGKILL'),
      restart: () => this.#restart('SIGTERM'),
      'one disk away': () => this.#disks.lose([disk]),
      'two disks away': () => this.#disks.lose([disk, (disk + 1) % 3]),
      'three disks away': () => this.#disks.lose([0, 1, 2]),
      'zone away': () => this.#disks.loseZone(),
      'disks back': () => this.#disks.giveBack(),
      'disk copied': () => this.#disks.copy(disk),
      'old copy of a disk back': () => this.#disks.giveBackOldCopy(disk),
      'bit flipped': () => this.#disks.flipBit(disk, spot),
      'file cut': () => this.#disks.cutFile(disk, spot),
      'disk lost and replaced': () => this.#replace(disk),
      ...this.#ofSmallDisk(),
    };
    // A disk that is away comes back with the next fault but one in most cases, so that writes go on.
    const name = this.#disks.awayCount > 0 && random.below(2) === 0 ? 'disks back' : random.pick(Object.keys(faults));
    this.last.push(`${new Date().toISOString()} ${name}, ${disk} of ${this.#disks.names.join(' ')}`);
    if (this.last.length > lastMax) this.last.shift();
    if ((await faults[name]?.()) === false) return;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  async #restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<boolean> {
    await this.#parts.restart(signal);
    return true;
  }

  #ofSmallDisk(): Record<string, Fault> {
    const { smallDisk, random } = this.#parts;
    if (!smallDisk || !this.#disks.has(smallDisk.name)) return {};
    return {
      'small disk full': () => smallDisk.fill(random.pick(leftBytes)).then(() => true),
      'small disk has room': () => smallDisk.makeRoom(),
    };
  }

  /** A disk is gone with all that was on it, and the operator puts an empty one in its place. */
  async #replace(disk: number): Promise<boolean> {
    const path = await this.#disks.loseForGood(disk);
    if (path === undefined) return false;
    const id = await diskId(this.#parts.http, path);
    const body = Buffer.from(JSON.stringify({ path }));
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#parts.http.send({ method: 'POST', path: `/-/disks/${id}/replace`, body });
      if (answer.status === 200) return true;
      if (attempt === replaceAttemptsMax) throw new Error(`${path} was not replaced: ${answer.body}`);
    }
  }
}
