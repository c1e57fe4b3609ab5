/**
 * How much of SQLite's write-ahead log counts: what lies behind the last frame that ends a transaction is nothing to whoever
 * opens the database, and is overwritten (https://sqlite.org/fileformat2.html#the_write_ahead_log). Checksums are not
 * looked at: a frame that only they tell to be torn counts here, so that logs which differ for SQLite differ here too.
 */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const SALTS_BYTES = 8;

/** The length up to the last frame that ends a transaction; all of it, if it does not begin as such a log does. */
export function committedLength(log: Buffer): number {
  if (log.length < HEADER_BYTES || (log.readUInt32BE(0) & ~1) !== MAGIC) return log.length;
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const salts = log.subarray(16, 16 + SALTS_BYTES);
  let committed = HEADER_BYTES;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 8 + SALTS_BYTES).equals(salts)) break;
    const endsTransaction = log.readUInt32BE(at + 4) > 0;
    if (endsTransaction) committed = at + frameBytes;
  }
  return committed;
}
