/** Where a pass over buckets stands, as JSON. */
import type { WalkPlace } from '../engine/lifecycle/types.ts';

export interface PassState {
  /** When the pass began that is under way, or the last one. What was due then is done in it. */
  readonly passStartedMs: number;
  readonly isUnderWay: boolean;
  /** The bucket it is in, or was in last. */
  readonly bucket: string | undefined;
  /** How far it has come there; undefined where that bucket is done. */
  readonly place: WalkPlace | undefined;
}

export function encodePassState(state: PassState): string {
  return JSON.stringify({ v: 1, ...state });
}

/** Undefined if it is not a state of this version: a pass then begins anew. */
export function decodePassState(text: string): PassState | undefined {
  const { v, passStartedMs, isUnderWay, bucket, place }: Record<string, unknown> = { ...Object(JSON.parse(text)) };
  if (v !== 1 || typeof passStartedMs !== 'number' || typeof isUnderWay !== 'boolean') return undefined;
  return { passStartedMs, isUnderWay, bucket: textOf(bucket), place: placeOf(place) };
}

function placeOf(place: unknown): WalkPlace | undefined {
  if (typeof place !== 'object' || place === null) return undefined;
  const { prefix, key }: Record<string, unknown> = { ...place };
  return { prefix: textOf(prefix), key: textOf(key) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
