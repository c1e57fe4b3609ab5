/** Where the writing of inventory reports stands, as JSON. */
import type { ReportFile } from '../engine/inventory/types.ts';

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

export interface InventoryState {
  /** When the last pass began that nobody had asked for. */
  readonly scheduledMs: number;
  /** The pass that is under way. */
  readonly pass?: InventoryPass | undefined;
  /** Data files of the report that is being written. */
  readonly files: readonly ReportFile[];
}

export function encodeInventoryState(state: InventoryState): string {
  return JSON.stringify({ v: 1, ...state });
}

/** Undefined if it is not a state of this version: a pass then begins anew. */
export function decodeInventoryState(text: string): InventoryState | undefined {
  const { v, scheduledMs, pass, files }: Record<string, unknown> = { ...Object(JSON.parse(text)) };
  if (v !== 1 || typeof scheduledMs !== 'number' || !Array.isArray(files)) return undefined;
  return { scheduledMs, pass: passOf(pass), files: files.flatMap((file: unknown) => fileOf(file) ?? []) };
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
