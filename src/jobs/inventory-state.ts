/** Where the writing of inventory reports stands, as JSON. */
import type { ReportFile, WrittenFile } from '../engine/inventory/types.ts';

export interface InventoryPass {
  readonly startedMs: number;
  /** Whether somebody has asked for it: then every report is written, due or not. */
  readonly isAsked: boolean;
  /** When the pass before it began that nobody had asked for. */
  readonly previousMs: number;
  /** The configuration that is done last. */
  readonly bucket: string;
  readonly id: string;
}

/** A report whose data files are all there. */
export interface FinishedFiles {
  readonly bucket: string;
  readonly id: string;
  /** When its configuration was put. */
  readonly putMs: number;
  /** When it was opened. */
  readonly nowMs: number;
  readonly files: readonly WrittenFile[];
}

export interface InventoryState {
  /** When the last pass began that nobody had asked for. */
  readonly scheduledMs: number;
  /** The pass that is under way. */
  readonly pass?: InventoryPass | undefined;
  /** Data files of the report that is being written. */
  readonly files: readonly ReportFile[];
  /** That report, from when they are all there until its manifest is. */
  readonly finishing?: FinishedFiles | undefined;
}

export function encodeInventoryState(state: InventoryState): string {
  return JSON.stringify({ v: 1, ...state });
}

/** Undefined if it is not a state of this version: a pass then begins anew. */
export function decodeInventoryState(text: string): InventoryState | undefined {
  const { v, scheduledMs, pass, files, finishing }: Record<string, unknown> = { ...Object(JSON.parse(text)) };
  if (v !== 1 || typeof scheduledMs !== 'number' || !Array.isArray(files)) return undefined;
  const known = files.flatMap((file: unknown) => fileOf(file) ?? []);
  return { scheduledMs, pass: passOf(pass), files: known, finishing: finishingOf(finishing) };
}

function passOf(value: unknown): InventoryPass | undefined {
  const { startedMs, isAsked, previousMs, bucket, id }: Record<string, unknown> = { ...Object(value) };
  if (typeof startedMs !== 'number' || typeof isAsked !== 'boolean' || typeof previousMs !== 'number') return undefined;
  return typeof bucket === 'string' && typeof id === 'string'
    ? { startedMs, isAsked, previousMs, bucket, id }
    : undefined;
}

function fileOf(value: unknown): ReportFile | undefined {
  const { bucket, key }: Record<string, unknown> = { ...Object(value) };
  return typeof bucket === 'string' && typeof key === 'string' ? { bucket, key } : undefined;
}

function finishingOf(value: unknown): FinishedFiles | undefined {
  const { bucket, id, putMs, nowMs, files }: Record<string, unknown> = { ...Object(value) };
  if (typeof bucket !== 'string' || typeof id !== 'string' || !Array.isArray(files)) return undefined;
  if (typeof putMs !== 'number' || typeof nowMs !== 'number') return undefined;
  return { bucket, id, putMs, nowMs, files: files.flatMap((file: unknown) => writtenOf(file) ?? []) };
}

function writtenOf(value: unknown): WrittenFile | undefined {
  const { key, size, MD5checksum }: Record<string, unknown> = { ...Object(value) };
  const isWhole = typeof key === 'string' && typeof size === 'number' && typeof MD5checksum === 'string';
  return isWhole ? { key, size, MD5checksum } : undefined;
}
