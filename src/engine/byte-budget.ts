/**
 * A number of bytes that many takers share: who finds too little left waits, in the order of asking. The wait is the
 * back-pressure that keeps the memory of buffered bodies bounded however many clients upload at once.
 */
import assert from 'node:assert/strict';

export class ByteBudget {
  readonly #totalBytes: number;
  #freeBytes: number;
  readonly #waiting: { bytes: number; granted: () => void }[] = [];

  constructor(totalBytes: number) {
    assert(totalBytes > 0, 'a budget needs bytes');
    this.#totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Waits for the bytes and takes them. The function returned gives them back; calling it again does nothing. */
  async take(bytes: number): Promise<() => void> {
    // More than the whole budget is granted as the whole, or it would wait for ever.
    const granted = Math.min(bytes, this.#totalBytes);
    if (this.#waiting.length > 0 || granted > this.#freeBytes) {
      await new Promise<void>((resolve) => this.#waiting.push({ bytes: granted, granted: resolve }));
    } else {
      this.#freeBytes -= granted;
    }
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#freeBytes += granted;
      this.#grant();
    };
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#freeBytes; next = this.#waiting[0]) {
      this.#freeBytes -= next.bytes;
      this.#waiting.shift();
      next.granted();
    }
  }
}
