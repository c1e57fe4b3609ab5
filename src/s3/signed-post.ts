/**
 * Requests of AWS's JSON protocols, and others whose body is signed as a whole: who makes one, and its body. That is read
 * before the signature is verified, as the signature covers its hash; it is bounded, and believed only afterwards.
 */
import { createHash } from 'node:crypto';
import type { Iam } from '../iam/iam.ts';
import { anonymous, type Identity } from '../iam/identity.ts';
import { authenticate } from './auth/authenticate.ts';
import type { Door, Visit } from './door/door.ts';
import { S3Error } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { acceptsRegion, type Regions } from './regions.ts';

export interface SignedPost {
  readonly identity: Identity;
  /** Absent for anonymous requests. */
  readonly accessKeyId?: string;
  readonly path: string;
  readonly body: Buffer;
  /** Scheme and host the client used. */
  readonly origin: string;
}

export interface SignedPostOptions {
  readonly iam: Pick<Iam, 'callers'>;
  readonly regions: Regions;
  readonly door: Door;
  /** That the signature must be for. */
  readonly service: string;
  readonly bodyBytesMax: number;
}

/** Throws S3Error for a signature that does not hold and for a body that is too long. */
export async function readSignedPost(
  exchange: Exchange,
  { visit, nowMs }: { readonly visit: Visit; readonly nowMs: number },
  { iam, regions, door, service, bodyBytesMax }: SignedPostOptions,
): Promise<SignedPost> {
  const body = await readBody(exchange, bodyBytesMax);
  const [path = '/', rawQuery = ''] = (exchange.request.url ?? '/').split(/\?(.*)/s, 2);
  const found = authenticate(
    { method: 'POST', rawPath: path, rawQuery, headers: visit.headers() },
    {
      findSecret: (accessKeyId, sessionToken) => iam.callers.findKey(accessKeyId, sessionToken),
      region: regions.own,
      acceptsRegion: (region) => acceptsRegion(regions, region),
      service,
      otherHosts: visit.otherHosts,
      payloadSha256: createHash('sha256').update(body).digest('hex'),
      nowMs,
    },
  );
  const origin = visit.originFor(found);
  if (found.kind === 'anonymous') return { identity: anonymous, path, body, origin };
  const { accessKeyId, region, identity } = found;
  iam.callers.noteUse(accessKeyId, { atMs: nowMs, region, service });
  door.admission.admitKey(accessKeyId);
  return { identity, accessKeyId, path, body, origin };
}

async function readBody(exchange: Exchange, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body()) {
    size += chunk.length;
    if (size > bytesMax) throw new S3Error('MaxMessageLengthExceeded');
    // A chunk is valid until the next one is asked for.
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks, size);
}
