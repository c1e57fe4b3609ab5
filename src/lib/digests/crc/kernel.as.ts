// AssemblyScript: CRC32, CRC32C and CRC64NVME of bytes at DATA. Compiled by generate.ts into kernel.generated.ts.
//
// A CRC is the remainder of the bytes, taken as a polynomial over GF(2), divided by that of the CRC. The same remainder is
// left after a division by any multiple of the divisor, so the bulk is divided by a multiple that makes division cheap: one
// with few terms, all at whole bytes. Where 1 = the sum of x^(-8·d) over some distances d, a byte can be dropped if it is
// added to those d bytes after it. Turned around, each byte takes up those d bytes before it, and SIMD does sixteen at once;
// no distance may be below sixteen, and large ones keep loads off stores that are still under way. The distances were found
// by a search for sums of powers that cancel (a generalised birthday problem). What the multiple leaves, REACH bytes at
// most, goes through tables of 256 entries, eight bytes a step.
//
// A 32-bit register lies in the low half of 64 bits, so that all three share everything but tables and distances.

// @ts-nocheck
const TABLES_BYTES: usize = 8 * 256 * 8;
const CRC32_TABLES: usize = 0;
const CRC32C_TABLES: usize = TABLES_BYTES;
const CRC64NVME_TABLES: usize = 2 * TABLES_BYTES;

/** The register, before and after. */
export const STATE: usize = 3 * TABLES_BYTES;

/** No distance is longer. */
const REACH: usize = 768;
/** The last bytes of the quotient, with nothing but zeros behind them. */
const TAIL: usize = STATE + 256;
/** Never written: what comes before the first byte, and after the tail. */
const ZEROS: usize = TAIL + REACH;
/** The bytes to go through, which are overwritten. */
export const DATA: usize = ZEROS + REACH;
export const DATA_BYTES_MAX: usize = 64 * 1024;

/** Shorter data is done by table alone. */
const FOLDED_BYTES_MIN: usize = 256;

makeTables(CRC32_TABLES, 0xedb88320);
makeTables(CRC32C_TABLES, 0x82f63b78);
makeTables(CRC64NVME_TABLES, 0x9a6c9329ac4bc9b5);

export function crc32(length: usize): void {
  const folded = foldedBytes(length, 470);
  if (folded > 0) {
    takeInState();
    for (let at = DATA; at < DATA + folded; at += 16) add(at, before32(at - REACH));
    keepTail(folded);
    for (let i: usize = 0; i < 470; i += 16) add(DATA + folded + i, before32(TAIL + i));
  }
  runTables(CRC32_TABLES, DATA + folded, length - folded);
}

export function crc32c(length: usize): void {
  const folded = foldedBytes(length, 437);
  if (folded > 0) {
    takeInState();
    for (let at = DATA; at < DATA + folded; at += 16) add(at, before32c(at - REACH));
    keepTail(folded);
    for (let i: usize = 0; i < 437; i += 16) add(DATA + folded + i, before32c(TAIL + i));
  }
  runTables(CRC32C_TABLES, DATA + folded, length - folded);
}

export function crc64nvme(length: usize): void {
  const folded = foldedBytes(length, 767);
  if (folded > 0) {
    takeInState();
    for (let at = DATA; at < DATA + folded; at += 16) add(at, before64(at - REACH));
    keepTail(folded);
    for (let i: usize = 0; i < 767; i += 16) add(DATA + folded + i, before64(TAIL + i));
  }
  runTables(CRC64NVME_TABLES, DATA + folded, length - folded);
}

/** The sum of what stands at the distances before the sixteen bytes at `base + REACH`. */
// @ts-ignore: decorator
@inline
function before32(base: usize): v128 {
  let sum = v128.load(base, REACH - 292);
  sum = v128.xor(sum, v128.load(base, REACH - 428));
  sum = v128.xor(sum, v128.load(base, REACH - 431));
  sum = v128.xor(sum, v128.load(base, REACH - 449));
  return v128.xor(sum, v128.load(base, REACH - 470));
}

// @ts-ignore: decorator
@inline
function before32c(base: usize): v128 {
  let sum = v128.load(base, REACH - 260);
  sum = v128.xor(sum, v128.load(base, REACH - 261));
  sum = v128.xor(sum, v128.load(base, REACH - 266));
  sum = v128.xor(sum, v128.load(base, REACH - 379));
  return v128.xor(sum, v128.load(base, REACH - 437));
}

// @ts-ignore: decorator
@inline
function before64(base: usize): v128 {
  let sum = v128.load(base, REACH - 323);
  sum = v128.xor(sum, v128.load(base, REACH - 331));
  sum = v128.xor(sum, v128.load(base, REACH - 386));
  sum = v128.xor(sum, v128.load(base, REACH - 388));
  sum = v128.xor(sum, v128.load(base, REACH - 464));
  sum = v128.xor(sum, v128.load(base, REACH - 491));
  sum = v128.xor(sum, v128.load(base, REACH - 523));
  sum = v128.xor(sum, v128.load(base, REACH - 529));
  return v128.xor(sum, v128.load(base, REACH - 767));
}

/** How many bytes to drop into those that follow, of which there must be `reach` then. */
// @ts-ignore: decorator
@inline
function foldedBytes(length: usize, reach: usize): usize {
  return length < reach + FOLDED_BYTES_MIN ? 0 : (length - reach) & ~15;
}

// @ts-ignore: decorator
@inline
function add(at: usize, sum: v128): void {
  v128.store(at, v128.xor(v128.load(at), sum));
}

/** The register is added to the first bytes, which is what it means. */
// @ts-ignore: decorator
@inline
function takeInState(): void {
  store<u64>(DATA, load<u64>(DATA) ^ load<u64>(STATE));
  store<u64>(STATE, 0);
}

// @ts-ignore: decorator
@inline
function keepTail(folded: usize): void {
  memory.copy(TAIL, DATA + folded - REACH, REACH);
}

// @ts-ignore: decorator
@inline
function runTables(tables: usize, from: usize, length: usize): void {
  let crc = load<u64>(STATE);
  let at = from;
  for (const end = from + (length & ~7); at < end; at += 8) {
    const x = crc ^ load<u64>(at);
    const low = <u32>x;
    const high = <u32>(x >> 32);
    const a = load<u64>(tables + ((low << 3) & 0x7f8), 7 * 2048) ^ load<u64>(tables + ((low >> 5) & 0x7f8), 6 * 2048);
    const b = load<u64>(tables + ((low >> 13) & 0x7f8), 5 * 2048) ^ load<u64>(tables + ((low >> 21) & 0x7f8), 4 * 2048);
    const c = load<u64>(tables + ((high << 3) & 0x7f8), 3 * 2048) ^ load<u64>(tables + ((high >> 5) & 0x7f8), 2 * 2048);
    const d = load<u64>(tables + ((high >> 13) & 0x7f8), 2048) ^ load<u64>(tables + ((high >> 21) & 0x7f8));
    crc = a ^ b ^ (c ^ d);
  }
  for (; at < from + length; at++) crc = load<u64>(tables + ((<usize>(crc ^ load<u8>(at)) & 255) << 3)) ^ (crc >> 8);
  store<u64>(STATE, crc);
}

/** Table k has what a byte does to the register when k more bytes have followed it. */
function makeTables(tables: usize, polynomial: u64): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc: u64 = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1;
    store<u64>(tables + (byte << 3), crc);
  }
  for (let at: usize = tables; at < tables + 7 * 2048; at += 8) {
    const crc = load<u64>(at);
    store<u64>(at + 2048, load<u64>(tables + ((<usize>crc & 255) << 3)) ^ (crc >> 8));
  }
}
