/** What a process takes of the machine, as Linux counts it; undefined where there is no /proc, or no such process. */
import { readFile, writeFile } from 'node:fs/promises';

/** Of the times in /proc, on every architecture that Node runs on. */
const ticksPerSecond = 100;

export interface Memory {
  readonly residentMebibytes: number;
  /** The most that it was since `resetPeak`. */
  readonly peakMebibytes: number;
}

/** Processor time of all threads, user and system. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const text = await readProc(pid, 'stat');
  // The name, in parentheses, may hold anything.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function memory(pid: number): Promise<Memory | undefined> {
  const text = await readProc(pid, 'status');
  const mebibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1]) / 1024;
  const found = { residentMebibytes: mebibytes('VmRSS'), peakMebibytes: mebibytes('VmHWM') };
  return Number.isNaN(found.peakMebibytes) ? undefined : found;
}

/** Lets the peak begin at what is resident now. Where that is not allowed it stays the peak since the start. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {});
}

async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
