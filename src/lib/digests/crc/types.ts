/** The CRCs that S3 knows, and what computes them. All are reflected, begin with all ones and end inverted. */

export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

export interface CrcDefinition {
  readonly widthBytes: 4 | 8;
  /** The polynomial without its leading term, reflected: the highest bit is the coefficient of x^0. */
  readonly polynomial: bigint;
}

export const crcDefinitions: Readonly<Record<CrcAlgorithm, CrcDefinition>> = {
  CRC32: { widthBytes: 4, polynomial: 0xedb88320n },
  CRC32C: { widthBytes: 4, polynomial: 0x82f63b78n },
  CRC64NVME: { widthBytes: 8, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** The state of a CRC under way: its register in two halves as signed numbers, of which a 32-bit CRC uses the low one. */
export interface CrcRegister {
  readonly algorithm: CrcAlgorithm;
  low: number;
  high: number;
}

export interface CrcKernel {
  readonly kind: 'simd' | 'scalar';
  /** Takes the next bytes into the register. */
  update(register: CrcRegister, bytes: Uint8Array): void;
}

/** The register before the first byte. */
export function startRegister(algorithm: CrcAlgorithm): CrcRegister {
  return { algorithm, low: -1, high: crcDefinitions[algorithm].widthBytes === 8 ? -1 : 0 };
}

/** The CRC of the bytes that the register took in, big-endian. */
export function endRegister({ algorithm, low, high }: CrcRegister): Uint8Array {
  const { widthBytes } = crcDefinitions[algorithm];
  const digest = Buffer.allocUnsafe(widthBytes);
  if (widthBytes === 8) digest.writeUInt32BE(~high >>> 0);
  digest.writeUInt32BE(~low >>> 0, widthBytes - 4);
  return digest;
}
