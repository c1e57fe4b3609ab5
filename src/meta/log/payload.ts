/** A record's payload: the commands of a batch as a JSON array. */
import type { Command } from '../commands.ts';
import type { BlobLocation } from '../records.ts';

/**
 * A command as JSON text. A location may compute its extents when they are asked for, so they are asked for here, once,
 * and what the log holds is what `apply` gets.
 */
export function encodeCommand(command: Command): string {
  if (!('content' in command) || command.content.kind !== 'new') return JSON.stringify(command);
  const { size, extents } = command.content.location;
  return JSON.stringify({ ...command, content: { kind: 'new', location: { size, extents } } });
}

/** The command that `encodeCommand` wrote. */
export function decodeCommand(text: string): Command {
  return JSON.parse(text) as Command;
}

/** A payload out of commands that are JSON text already. */
export function encodePayload(commands: readonly string[]): Buffer {
  return Buffer.from(`[${commands.join(',')}]`, 'utf8');
}

/** The commands of a payload whose checksum held. */
export function decodePayload(payload: Buffer): Command[] {
  return JSON.parse(payload.toString('utf8')) as Command[];
}

/** Where the blobs lie that a payload brings. */
export function newLocations(payload: Buffer): BlobLocation[] {
  return decodePayload(payload).flatMap((command) =>
    'content' in command && command.content.kind === 'new' ? [command.content.location] : [],
  );
}
