/**
 * One incremental hash of each checksum algorithm, behind one shape. MD5 and the SHA family come from node:crypto, CRC32
 * from node:zlib; the rest are WebAssembly instances, which take a millisecond to make and are therefore kept and reused.
 * All digests are big-endian, as S3 writes them.
 */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { IHasher } from 'hash-wasm';
import type { ChecksumAlgorithm } from './algorithms.ts';

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Ends the hash. The hasher must not be used afterwards. */
  digest(): Uint8Array;
  /** Gives up without a digest. Harmless after `digest`. */
  release(): void;
}

/** Idle instances beyond this number are left to the garbage collector; each holds some 100 KiB. */
const idleWasmMax = 64;

const cryptoNames = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const;

type CryptoAlgorithm = keyof typeof cryptoNames;
type WasmAlgorithm = Exclude<ChecksumAlgorithm, CryptoAlgorithm | 'CRC32'>;

const crc32cPolynomial = 0x82f63b78;
const crc64NvmePolynomial = '9a6c9329ac4bc9b5';

const wasmFactories: Readonly<Record<WasmAlgorithm, () => Promise<IHasher>>> = {
  CRC32C: async () => (await import('hash-wasm')).createCRC32(crc32cPolynomial),
  CRC64NVME: async () => (await import('hash-wasm')).createCRC64(crc64NvmePolynomial),
  XXHASH64: async () => (await import('hash-wasm')).createXXHash64(),
  XXHASH3: async () => (await import('hash-wasm')).createXXHash3(),
  XXHASH128: async () => (await import('hash-wasm')).createXXHash128(),
};

const idleWasm: Readonly<Record<WasmAlgorithm, IHasher[]>> = {
  CRC32C: [],
  CRC64NVME: [],
  XXHASH64: [],
  XXHASH3: [],
  XXHASH128: [],
};

/**
 * A new hash of the algorithm: at once where it needs no instance to be made, else a promise. The first CRC64NVME of a
 * process also loads the WebAssembly module; `preloadHashers` moves that out of the first request.
 */
export function openHasher(algorithm: ChecksumAlgorithm): Hasher | Promise<Hasher> {
  if (isCrypto(algorithm)) return new CryptoHasher(createHash(cryptoNames[algorithm]));
  if (algorithm === 'CRC32') return new Crc32Hasher();
  const idle = idleWasm[algorithm].pop();
  if (idle !== undefined) return new WasmHasher(algorithm, idle);
  return wasmFactories[algorithm]().then((instance) => new WasmHasher(algorithm, instance));
}

/** Makes one instance of every WebAssembly hash, so that the first requests find them. */
export async function preloadHashers(): Promise<void> {
  const algorithms: WasmAlgorithm[] = ['CRC64NVME', 'CRC32C', 'XXHASH64', 'XXHASH3', 'XXHASH128'];
  for (const algorithm of algorithms) {
    if (idleWasm[algorithm].length === 0) idleWasm[algorithm].push(await wasmFactories[algorithm]());
  }
}

function isCrypto(algorithm: ChecksumAlgorithm): algorithm is CryptoAlgorithm {
  return algorithm in cryptoNames;
}

class CryptoHasher implements Hasher {
  readonly #hash: Hash;
  constructor(hash: Hash) {
    this.#hash = hash;
  }
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }
  digest(): Uint8Array {
    return this.#hash.digest();
  }
  release(): void {}
}

class Crc32Hasher implements Hasher {
  #value = 0;
  update(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value);
  }
  digest(): Uint8Array {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(this.#value);
    return digest;
  }
  release(): void {}
}

class WasmHasher implements Hasher {
  readonly #algorithm: WasmAlgorithm;
  #instance: IHasher | undefined;
  constructor(algorithm: WasmAlgorithm, instance: IHasher) {
    this.#algorithm = algorithm;
    this.#instance = instance.init();
  }
  update(bytes: Uint8Array): void {
    this.#live().update(bytes);
  }
  digest(): Uint8Array {
    const digest = this.#live().digest('binary');
    this.release();
    return digest;
  }
  release(): void {
    const instance = this.#instance;
    this.#instance = undefined;
    const idle = idleWasm[this.#algorithm];
    if (instance !== undefined && idle.length < idleWasmMax) idle.push(instance);
  }
  #live(): IHasher {
    if (this.#instance === undefined) throw new Error('the hash has been finished');
    return this.#instance;
  }
}
