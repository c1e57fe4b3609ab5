/** A command cannot do what it was asked for; the message says why and what to do, and is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The server did not answer: it does not run, or is on its way up or down. */
export class NoAnswer extends CommandError {}
