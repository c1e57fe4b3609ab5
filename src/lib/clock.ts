/** The time of day, so that tests can drive it. Nothing else in the product reads the system's clock. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/** Counts from some moment of its own, evenly: nobody sets it. For how long something takes. */
export const steadyClock: Clock = { nowMs: () => performance.now() };
