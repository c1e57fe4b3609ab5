/**
 * Compaction: empties segments of which much is dead, most dead first, at a bounded rate, so that the collector can give
 * their space back. One segment is finished before the next is begun. A segment with blobs that cannot be read, or find no room
 * elsewhere, is left alone for a while: what can be moved out of it has been.
 */
import type { Compaction, CompactionCandidate } from '../engine/compaction.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job } from './job.ts';

export interface CompactOptions {
  readonly compaction: Compaction;
  readonly clock: Clock;
  /** Share of a segment's data that must be dead, above 0 and below 1. */
  readonly deadShareMin: number;
  /** Bytes of live data moved in a second, at most. */
  readonly bytesPerSecond: number;
  readonly idlePauseMs?: number;
}

const defaultIdlePauseMs = 30_000;
const stepMsMax = 500;
const stepBytesMax = 32 * 1024 * 1024;
const leftPauseMs = 3_600_000;

interface Current extends CompactionCandidate {
  movedBytes: number;
  leftBehind: number;
}

export function compact(options: CompactOptions): Job {
  const work = new CompactionWork(options);
  return {
    name: 'compact',
    idlePauseMs: options.idlePauseMs ?? defaultIdlePauseMs,
    step: () => work.step(),
    status: () => work.status(),
  };
}

class CompactionWork {
  readonly #options: CompactOptions;
  #current: Current | undefined;
  /** Segments with blobs that were left behind, and when they are tried again. */
  readonly #leftUntilMs = new Map<string, number>();
  /** When the rate allows the next byte. */
  #nextMs = 0;
  #waitingSegments = 0;
  #compactedSegments = 0;
  #freedBytes = 0;
  #movedBytes = 0;

  constructor(options: CompactOptions) {
    this.#options = options;
  }

  async step(): Promise<'busy' | 'idle'> {
    const { clock, compaction, bytesPerSecond } = this.#options;
    const startedMs = clock.nowMs();
    if (startedMs < this.#nextMs) return 'busy';
    this.#current ??= await this.#choose();
    if (this.#current === undefined) return 'idle';
    const bytesMax = Math.min(bytesPerSecond, stepBytesMax);
    let bytes = 0;
    let isDone = false;
    while (!isDone && bytes < bytesMax && clock.nowMs() - startedMs < stepMsMax) {
      const moved = await compaction.move(this.#current.segment, bytesMax - bytes);
      bytes += moved.bytes;
      this.#current.movedBytes += moved.bytes;
      this.#current.leftBehind += moved.leftBehind;
      isDone = moved.isDone;
    }
    this.#nextMs = startedMs + (bytes / bytesPerSecond) * 1000;
    if (isDone) this.#finish(this.#current);
    return 'busy';
  }

  status(): Readonly<Record<string, number | string>> {
    const { movedBytes, writtenBytes } = this.#options.compaction.figures();
    const ratio = ({ of, to }: { of: number; to: number }) => (to > 0 ? (of / to).toFixed(2) : '0.00');
    return {
      waitingSegments: this.#waitingSegments,
      leftSegments: this.#leftUntilMs.size,
      compactedSegments: this.#compactedSegments,
      movedBytes,
      freedBytes: this.#freedBytes,
      movedPerByteFreed: ratio({ of: this.#movedBytes, to: this.#freedBytes }),
      writeAmplification: ratio({ of: writtenBytes, to: writtenBytes - movedBytes }),
    };
  }

  async #choose(): Promise<Current | undefined> {
    const { clock, compaction, deadShareMin } = this.#options;
    const nowMs = clock.nowMs();
    for (const [segment, untilMs] of this.#leftUntilMs) if (untilMs <= nowMs) this.#leftUntilMs.delete(segment);
    const candidates = await compaction.listCandidates(deadShareMin);
    const open = candidates.filter(({ segment }) => !this.#leftUntilMs.has(segment));
    this.#waitingSegments = open.length;
    const [first] = open;
    return first && { ...first, movedBytes: 0, leftBehind: 0 };
  }

  #finish({ segment, dataBytes, movedBytes, leftBehind }: Current): void {
    this.#current = undefined;
    this.#waitingSegments = Math.max(0, this.#waitingSegments - 1);
    if (leftBehind > 0) {
      this.#leftUntilMs.set(segment, this.#options.clock.nowMs() + leftPauseMs);
      return;
    }
    this.#compactedSegments++;
    this.#movedBytes += movedBytes;
    this.#freedBytes += Math.max(0, dataBytes - movedBytes);
  }
}
