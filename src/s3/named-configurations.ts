/** What configurations have in common of which a bucket has many, each by an id: how they are found, put, removed and listed. */
import { decodeToken, encodeToken, type TokenKind } from './continuation-token.ts';
import { S3Error } from './errors.ts';

const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
const configurationsMax = 1000;
const pageSize = 100;

interface Named {
  readonly id: string;
}

/** Throws InvalidConfigurationId. */
export function checkConfigurationId(id: string): void {
  if (!idPattern.test(id)) throw new S3Error('InvalidConfigurationId');
}

/** Of a configuration that is put: `own` is the id in its document. Throws InvalidConfigurationId, InvalidArgument. */
export function checkOwnId(id: string, { own }: { own: string | undefined }): void {
  checkConfigurationId(id);
  if (own === id) return;
  const message = 'The configuration id in the request must be that of the configuration';
  throw new S3Error('InvalidArgument', { message, fields: { ArgumentName: 'Id', ArgumentValue: own ?? '' } });
}

/** Throws NoSuchConfiguration. */
export function findConfiguration<C extends Named>(configurations: readonly C[], id: string): C {
  const found = configurations.find((one) => one.id === id);
  if (found === undefined) throw new S3Error('NoSuchConfiguration');
  return found;
}

/** With one more, or another in place of the one of its id. Throws TooManyConfigurations. */
export function withConfiguration<C extends Named>(configurations: readonly C[], put: C): readonly C[] {
  const others = configurations.filter(({ id }) => id !== put.id);
  if (others.length >= configurationsMax) throw new S3Error('TooManyConfigurations');
  return [...others, put];
}

/** Throws NoSuchConfiguration. */
export function withoutConfiguration<C extends Named>(configurations: readonly C[], id: string): readonly C[] {
  const { id: found } = findConfiguration(configurations, id);
  return configurations.filter((one) => one.id !== found);
}

/** A page of a listing, and what the answer says of it beside its items. Throws InvalidArgument for a token that is none. */
export function pageOfConfigurations<C extends Named>(
  configurations: readonly C[],
  { kind, ContinuationToken }: { kind: TokenKind; ContinuationToken: string | undefined },
) {
  const after = ContinuationToken === undefined ? '' : decodeToken(kind, ContinuationToken);
  const rest = configurations.filter(({ id }) => id > after);
  const page = rest.slice(0, pageSize);
  const last = rest.length > page.length ? page.at(-1) : undefined;
  const output = {
    ContinuationToken,
    IsTruncated: last !== undefined,
    ...(last !== undefined && { NextContinuationToken: encodeToken(kind, last.id) }),
  };
  return { page, output };
}
