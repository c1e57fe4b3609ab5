/** The log: one JSON object a line on standard error, by pino. */
import pino from 'pino';

export type Log = pino.Logger;

export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  );
}
