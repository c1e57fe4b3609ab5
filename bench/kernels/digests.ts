/**
 * Checksums, as the server computes them: of the blocks that it reads and writes, and of bodies. Cryptographic ones are held
 * against node:crypto alone, the others against memcpy.
 */
import { createHash, hash } from 'node:crypto';
import { blockChecksums } from '../../src/blob/shard-header.ts';
import type { ChecksumAlgorithm } from '../../src/lib/digests/algorithms.ts';
import { digest, openDigester } from '../../src/lib/digests/digester.ts';
import { openHasher } from '../../src/lib/digests/hashers.ts';
import type { Kernel, Loop } from './kernel.ts';
import { copyLoop, inTurn } from './memory-copy.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const chunkBytes = 256 * kibibyte;
const smallBytes = 4 * kibibyte;
const largeBytes = 16 * mebibyte;

async function hasherLoop(algorithm: ChecksumAlgorithm): Promise<Loop> {
  const hasher = await openHasher(algorithm);
  return inTurn(chunkBytes, (chunk) => hasher.update(chunk));
}

function cryptoLoop(name: string): Loop {
  const bare = createHash(name);
  return inTurn(chunkBytes, (chunk) => void bare.update(chunk));
}

/** What an upload by a current SDK asks for: its entity tag and S3's own checksum. */
const usual: ReadonlySet<ChecksumAlgorithm> = new Set(['MD5', 'CRC64NVME']);

function smallBodies(): Loop {
  const body = Buffer.alloc(smallBytes, 'digest');
  return async (times) => {
    for (let i = 0; i < times; i++) await digest(usual, body);
  };
}

function smallHashes(): Loop {
  const body = Buffer.alloc(smallBytes, 'digest');
  return (times) => {
    for (let i = 0; i < times; i++) hash('md5', body, 'buffer');
  };
}

function largeBodies(algorithms: ReadonlySet<ChecksumAlgorithm>): Loop {
  const chunk = Buffer.alloc(chunkBytes, 'digest');
  return async (times) => {
    for (let i = 0; i < times; i++) {
      const digester = openDigester(algorithms, largeBytes);
      for (let at = 0; at < largeBytes; at += chunkBytes) await digester.update(chunk);
      await digester.finish();
    }
  };
}

function cryptoKernel(algorithm: 'MD5' | 'SHA256'): Kernel {
  const name = algorithm.toLowerCase();
  return {
    name: `kernel-${name}`,
    title: `${algorithm === 'MD5' ? 'MD5' : 'SHA-256'} of a body`,
    limitIs: 'node:crypto alone',
    bytes: chunkBytes,
    open: async () => ({ run: await hasherLoop(algorithm), limit: cryptoLoop(name) }),
  };
}

function crcKernel(algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME'): Kernel {
  return {
    name: `kernel-${algorithm.toLowerCase()}`,
    title: `${algorithm} of a body`,
    limitIs: 'memcpy',
    bytes: chunkBytes,
    open: async () => ({ run: await hasherLoop(algorithm), limit: copyLoop(chunkBytes) }),
  };
}

const blockKernel: Kernel = {
  name: 'kernel-blocks',
  title: 'Checksums of the blocks of a unit',
  limitIs: 'memcpy',
  bytes: chunkBytes,
  open: () => ({
    run: inTurn(chunkBytes, (unit) => void blockChecksums(unit, 64 * kibibyte)),
    limit: copyLoop(chunkBytes),
  }),
};

export const digestKernels: readonly Kernel[] = [
  blockKernel,
  cryptoKernel('MD5'),
  cryptoKernel('SHA256'),
  crcKernel('CRC32'),
  crcKernel('CRC32C'),
  crcKernel('CRC64NVME'),
  {
    name: 'kernel-small-digests',
    title: 'MD5 and CRC64NVME of 4 KiB',
    limitIs: 'MD5 by node:crypto alone',
    open: () => ({ run: smallBodies(), limit: smallHashes() }),
  },
  {
    name: 'kernel-large-digests',
    title: 'MD5 and CRC64NVME of a large body',
    limitIs: 'MD5 alone',
    bytes: largeBytes,
    open: () => ({ run: largeBodies(usual), limit: largeBodies(new Set(['MD5'])) }),
  },
];
