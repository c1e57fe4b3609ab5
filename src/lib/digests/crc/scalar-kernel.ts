/** CRCs a byte at a time by table, in plain TypeScript: the reference, and the fallback where there is no SIMD. */
import { type CrcAlgorithm, type CrcKernel, crcDefinitions } from './types.ts';

/** What each byte does to the register. */
interface Table {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

export function createScalarKernel(): CrcKernel {
  const tables: Readonly<Record<CrcAlgorithm, Table>> = {
    CRC32: tableOf(crcDefinitions.CRC32.polynomial),
    CRC32C: tableOf(crcDefinitions.CRC32C.polynomial),
    CRC64NVME: tableOf(crcDefinitions.CRC64NVME.polynomial),
  };
  return {
    kind: 'scalar',
    update(register, bytes) {
      const table = tables[register.algorithm];
      let { low, high } = register;
      for (const byte of bytes) {
        const index = (low ^ byte) & 255;
        low = (table.low[index] ?? 0) ^ ((low >>> 8) | (high << 24));
        high = (table.high[index] ?? 0) ^ (high >>> 8);
      }
      register.low = low;
      register.high = high;
    },
  };
}

function tableOf(polynomial: bigint): Table {
  const low = new Uint32Array(256);
  const high = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    low[byte] = Number(crc & 0xffffffffn);
    high[byte] = Number(crc >> 32n);
  }
  return { low, high };
}
