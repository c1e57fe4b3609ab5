/** Where scrub stands, as JSON. */

export interface ScrubState {
  /** When the pass began that is under way, or the last one. */
  readonly passStartedMs: number;
  /** Segments up to this id are done; undefined once all are. */
  readonly after: string | undefined;
  /** When the last pass that was finished ended. */
  readonly passEndedMs: number | undefined;
  /** Shards known to be damaged and not yet mended, by segment. */
  readonly damaged: Readonly<Record<string, readonly number[]>>;
  /** Those of these segments whose shards are damaged by what others say. */
  readonly contradicted: readonly string[];
}

export function encodeScrubState(state: ScrubState): string {
  return JSON.stringify({ v: 1, ...state });
}

/** Undefined if it is not a state of this version: all is then scrubbed anew. */
export function decodeScrubState(text: string): ScrubState | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, passStartedMs, after, passEndedMs, damaged, contradicted }: Record<string, unknown> = { ...value };
  if (v !== 1 || typeof passStartedMs !== 'number' || typeof damaged !== 'object' || damaged === null) return undefined;
  const shards = Object.entries(damaged).filter(
    (entry): entry is [string, number[]] => Array.isArray(entry[1]) && entry[1].every(Number.isInteger),
  );
  return {
    passStartedMs,
    after: typeof after === 'string' ? after : undefined,
    passEndedMs: typeof passEndedMs === 'number' ? passEndedMs : undefined,
    damaged: Object.fromEntries(shards),
    contradicted: Array.isArray(contradicted) ? contradicted.map(String) : [],
  };
}
