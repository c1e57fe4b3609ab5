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
    const giveBack = await this.takeWithin(bytes, { waitMsMax: Number.POSITIVE_INFINITY });
    assert(giveBack, 'whoever waits for ever is served');
    return giveBack;
  }

  /** The same, but undefined if the bytes are not there within this time. */
  async takeWithin(bytes: number, { waitMsMax }: { waitMsMax: number }): Promise<(() => void) | undefined> {
    // More than the whole budget is granted as the whole, or it would wait for ever.
    const granted = Math.min(bytes, this.#totalBytes);
    if (this.#waiting.length > 0 || granted > this.#freeBytes) {
      if (!(await this.#turn({ bytes: granted, waitMsMax }))) return undefined;
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

  /** Whether the bytes were taken for whoever waits, in time. */
  #turn({ bytes, waitMsMax }: { bytes: number; waitMsMax: number }): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        resolve(false);
        // Others may have waited for this one alone.
        this.#grant();
      };
      const timer = waitMsMax === Number.POSITIVE_INFINITY ? undefined : setTimeout(leave, waitMsMax);
      const granted = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const waiter = { bytes, granted };
      this.#waiting.push(waiter);
    });
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#freeBytes; next = this.#waiting[0]) {
      this.#freeBytes -= next.bytes;
      this.#waiting.shift();
      next.granted();
    }
  }
}
