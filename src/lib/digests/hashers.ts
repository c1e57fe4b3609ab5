/**
 * One incremental hash of each checksum algorithm, behind one shape. MD5 and the SHA family come from node:crypto, the CRCs
 * are computed by a kernel of our own; the xxHash family are WebAssembly instances, which take a millisecond to make and are
 * therefore kept and reused. All digests are big-endian, as S3 writes them.
 */
import { createHash, type Hash, hash } from 'node:crypto';
import type { IHasher } from 'hash-wasm';
import type { ChecksumAlgorithm } from './algorithms.ts';
import { isCrc } from './combine-crc.ts';
import { crcKernel } from './crc/kernel.ts';
import { type CrcAlgorithm, type CrcRegister, endRegister, startRegister } from './crc/types.ts';

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
type WasmAlgorithm = Exclude<ChecksumAlgorithm, CryptoAlgorithm | CrcAlgorithm>;

const wasmFactories: Readonly<Record<WasmAlgorithm, () => Promise<IHasher>>> = {
  XXHASH64: async () => (await import('hash-wasm')).createXXHash64(),
  XXHASH3: async () => (await import('hash-wasm')).createXXHash3(),
  XXHASH128: async () => (await import('hash-wasm')).createXXHash128(),
};

const idleWasm: Readonly<Record<WasmAlgorithm, IHasher[]>> = {
  XXHASH64: [],
  XXHASH3: [],
  XXHASH128: [],
};

/** A new hash of the algorithm: at once, or a promise where an instance must be made first. */
export function openHasher(algorithm: ChecksumAlgorithm): Hasher | Promise<Hasher> {
  if (isCrypto(algorithm)) return new CryptoHasher(createHash(cryptoNames[algorithm]));
  if (isCrc(algorithm)) return new CrcHasher(algorithm);
  const idle = idleWasm[algorithm].pop();
  if (idle !== undefined) return new WasmHasher(algorithm, idle);
  return wasmFactories[algorithm]().then((instance) => new WasmHasher(algorithm, instance));
}

/** The digest of bytes at hand, where it needs no object of its own; undefined for the algorithms that do. */
export function digestAtOnce(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Uint8Array | undefined {
  if (isCrypto(algorithm)) return hash(cryptoNames[algorithm], bytes, 'buffer');
  if (!isCrc(algorithm)) return undefined;
  const register = startRegister(algorithm);
  crcKernel().update(register, bytes);
  return endRegister(register);
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

class CrcHasher implements Hasher {
  readonly #register: CrcRegister;
  readonly #kernel = crcKernel();
  constructor(algorithm: CrcAlgorithm) {
    this.#register = startRegister(algorithm);
  }
  update(bytes: Uint8Array): void {
    this.#kernel.update(this.#register, bytes);
  }
  digest(): Uint8Array {
    return endRegister(this.#register);
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
