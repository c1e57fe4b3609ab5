/** Texts and their frames: what is encrypted is read back in every range, and what was changed is never given out. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openEnvelope, sealEnvelope } from './envelopes.ts';
import { decryptFrame, encryptText, FrameDamaged, FrameEncryptor } from './frame-cipher.ts';
import { encryptedSize, frameBytes, framesOf, textBytesMax, textBytesOf } from './frames.ts';

const sizes = [1, 100, textBytesOf(1) - 1, textBytesOf(1), textBytesOf(1) + 1, 3 * textBytesOf(1), 200_000];
const keysOf = (layers: number) => Array.from({ length: layers }, () => randomBytes(32));

function decrypted(bytes: Buffer, keys: readonly Buffer[], range: { start: number; end: number }): Buffer {
  const { first, range: stored, skip } = framesOf(range, { size: bytes.length, layers: keys.length });
  const texts: Uint8Array[] = [];
  for (let at = stored.start, frame = first; at < stored.end; at += frameBytes, frame++) {
    texts.push(decryptFrame(bytes.subarray(at, Math.min(at + frameBytes, stored.end)), frame, keys));
  }
  return Buffer.concat(texts).subarray(skip, skip + range.end - range.start);
}

test.each([1, 2])('texts of all sizes in %d layers → their ranges are read from their frames alone', (layers) => {
  for (const size of sizes) {
    const text = randomBytes(size);
    const keys = keysOf(layers);
    const bytes = encryptText(text, keys);
    expect(bytes.length).toBe(encryptedSize({ length: size, layers }));
    expect(textBytesMax({ size: bytes.length, layers })).toBe(size);
    const edges = [0, 1, size >> 1, textBytesOf(layers), size - 1, size].filter((at) => at >= 0 && at <= size);
    for (const start of edges) {
      for (const end of edges.filter((at) => at > start)) {
        expect(decrypted(bytes, keys, { start, end }).equals(text.subarray(start, end))).toBe(true);
      }
    }
  }
});

test('a text in pieces of any size → what it becomes in one', () => {
  const keys = keysOf(1);
  const text = randomBytes(200_000);
  for (const pieceBytes of [1000, 65_520, 65_536, 199_999]) {
    const encryptor = new FrameEncryptor(keys);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += pieceBytes) {
      pieces.push(...encryptor.update(text.subarray(at, at + pieceBytes)));
    }
    pieces.push(encryptor.finish());
    expect(Buffer.concat(pieces).equals(encryptText(text, keys))).toBe(true);
    expect(encryptor.textSize).toBe(text.length);
  }
});

test('a bit is flipped, a frame is in another place, of another blob or cut short → it does not open', () => {
  const keys = keysOf(1);
  const bytes = encryptText(randomBytes(2 * textBytesOf(1)), keys);
  const [one, two] = [bytes.subarray(0, frameBytes), bytes.subarray(frameBytes)];
  const flipped = (at: number) => {
    const changed = Buffer.from(one);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
  for (const at of [0, 30_000, frameBytes - 16, frameBytes - 1]) {
    expect(() => decryptFrame(flipped(at), 0, keys)).toThrow(FrameDamaged);
  }
  expect(() => decryptFrame(two, 0, keys)).toThrow(FrameDamaged);
  expect(() => decryptFrame(one, 0, keysOf(1))).toThrow(FrameDamaged);
  expect(() => decryptFrame(one.subarray(0, -1), 0, keys)).toThrow(FrameDamaged);
  expect(() => decryptFrame(one.subarray(0, 16), 0, keys)).toThrow(FrameDamaged);
});

test('two layers → neither key alone opens anything', () => {
  const keys = keysOf(2);
  const text = Buffer.from('twice');
  const bytes = encryptText(text, keys);
  const [inner = text, outer = text] = keys;
  expect(() => decryptFrame(bytes, 0, [inner])).toThrow(FrameDamaged);
  // What is left of a layer is encrypted by the other.
  expect(Buffer.from(decryptFrame(bytes, 0, [outer])).includes(text)).toBe(false);
  expect(() => decryptFrame(bytes, 0, [...keys].reverse())).toThrow(FrameDamaged);
});

test('an envelope → opens with its keys alone, and says keys and length', () => {
  for (const layers of [1, 2]) {
    const keys = keysOf(layers);
    const sealedBy = keysOf(layers);
    const envelope = sealEnvelope({ keys, length: 12_345 }, sealedBy);
    expect(openEnvelope(envelope, sealedBy)).toEqual({ keys, length: 12_345 });
    expect(openEnvelope(envelope, keysOf(layers))).toBeUndefined();
    expect(
      openEnvelope(`${envelope.slice(0, 20)}${envelope[20] === 'A' ? 'B' : 'A'}${envelope.slice(21)}`, sealedBy),
    ).toBeUndefined();
    expect(openEnvelope(envelope.slice(4), sealedBy)).toBeUndefined();
    expect(sealEnvelope({ keys, length: 12_345 }, sealedBy)).not.toBe(envelope);
  }
});
