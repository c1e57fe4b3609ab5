/** Names that AWS gives: ARNs, and the unique ids and keys that are drawn. */
import { createHash } from 'node:crypto';
import { randomHex } from '../lib/ids.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const idPrefixes = { user: 'AIDA', group: 'AGPA', role: 'AROA', policy: 'ANPA', 'instance-profile': 'AIPA' } as const;

/** A unique id of a new entity, 21 characters. */
export function newId(kind: keyof typeof idPrefixes): string {
  return `${idPrefixes[kind]}${draw(17)}`;
}

/** An access key: `AKIA` for those that last, `ASIA` for temporary ones. */
export function newAccessKey(prefix: 'AKIA' | 'ASIA'): { accessKeyId: string; secretAccessKey: string } {
  const secretAccessKey = Buffer.from(randomHex(30), 'hex').toString('base64');
  return { accessKeyId: `${prefix}${draw(16)}`, secretAccessKey };
}

function draw(length: number): string {
  return [...Buffer.from(randomHex(length), 'hex')].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** An account's canonical id follows from its number, so that it survives a rebuilt index. */
export function canonicalIdOf(accountId: string): string {
  return createHash('sha256').update(`ninefold account ${accountId}`).digest('hex');
}

/** `arn:aws:iam::ACCOUNT:RESOURCE`, e.g. of `user/path/name`. */
export function iamArn(accountId: string, resource: string): string {
  return `arn:aws:iam::${accountId}:${resource}`;
}

export function entityArn(
  accountId: string,
  kind: keyof typeof idPrefixes,
  entity: { readonly path: string; readonly name: string },
): string {
  return iamArn(accountId, `${kind}${entity.path}${entity.name}`);
}

export function rootArn(accountId: string): string {
  return iamArn(accountId, 'root');
}

export function stsArn(accountId: string, resource: string): string {
  return `arn:aws:sts::${accountId}:${resource}`;
}

/** Account and resource of an ARN of IAM; undefined for any other text. */
export function parseIamArn(arn: string): { accountId: string; resource: string } | undefined {
  const [, accountId, resource] = /^arn:aws:iam::(\d{12}|aws):(.+)$/s.exec(arn) ?? [];
  return accountId === undefined || resource === undefined ? undefined : { accountId, resource };
}
