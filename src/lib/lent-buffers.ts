/**
 * Large buffers that go round: whoever fills one takes it from here, and whoever has sent its bytes away gives it back.
 * Left to the garbage collector alone, a fast download has a hundred MiB of dead buffers lying about.
 *
 * Giving back is optional, but who does must be the last to use the bytes: the next taker overwrites them.
 */
const bufferBytes = 1.5 * 1024 * 1024;
/** Smaller ones are cheap to allocate, and would waste most of a buffer. */
const lentBytesMin = 256 * 1024;
/** Kept for the next takers; what is given back beyond that is freed. */
const idleMax = 24;

const idle: ArrayBuffer[] = [];
const lent = new WeakSet<ArrayBufferLike>();

/** A buffer of this length with any content. */
export function takeBuffer(length: number): Buffer {
  if (length < lentBytesMin || length > bufferBytes) return Buffer.allocUnsafe(length);
  const memory = idle.pop() ?? Buffer.allocUnsafeSlow(bufferBytes).buffer;
  lent.add(memory);
  return Buffer.from(memory, 0, length);
}

/** Gives back what a buffer from `takeBuffer`, or a view of it, lies in. Any other bytes are left alone. */
export function giveBack({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || !lent.delete(buffer)) return;
  if (idle.length < idleMax) idle.push(buffer);
}
