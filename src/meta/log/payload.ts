/** A record's payload: the commands of a batch as a JSON array. */
import type { NewAnnotation } from '../annotation-commands.ts';
import type { Command } from '../commands.ts';
import type { BlobLocation } from '../records.ts';

/**
 * A command as JSON text. A location may compute its extents when they are asked for, which is here, once: what the log
 * holds is what `apply` gets.
 */
export function encodeCommand(command: Command): string {
  return JSON.stringify(command);
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
  return decodePayload(payload).flatMap(locationsOf);
}

/** The same of one command. */
export function locationsOf(command: Command): BlobLocation[] {
  const locations: BlobLocation[] = [];
  collect(command, locations);
  if (command.type === 'put-version')
    for (const annotation of command.annotations ?? []) collect(annotation, locations);
  if (command.type === 'put-annotation') collect(command.annotation, locations);
  if (command.type === 'relocate-blob') locations.push(command.to);
  return locations;
}

function collect(row: Command | NewAnnotation, locations: BlobLocation[]): void {
  if ('content' in row && row.content?.kind === 'new') locations.push(row.content.location);
  if ('manifest' in row && row.manifest !== undefined) locations.push(row.manifest);
}
