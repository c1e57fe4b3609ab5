/** A moment of which it is known between which two it lies. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
