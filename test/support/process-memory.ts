/** What a process takes of the machine's memory, as Linux counts it. */
import { readFile } from 'node:fs/promises';

const kibibytesPerMebibyte = 1024;

/** The largest resident size that the process ever had, in MiB. Needs /proc. */
export async function peakResidentMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined) throw new Error(`/proc/${pid}/status does not tell the peak:\n${status}`);
  return Math.round(Number(peak) / kibibytesPerMebibyte);
}
