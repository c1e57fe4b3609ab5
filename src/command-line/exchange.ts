/**
 * One request to the server of a configuration. By TLS, the server must show the very certificate that the configuration
 * names: it is met on an address of its machine, for which no certificate may be, and answers may hold secrets.
 */
import { request as requestByHttp } from 'node:http';
import { type RequestOptions, request as requestByHttps } from 'node:https';
import type { Config } from '../config.ts';
import { ownCertificate, PairError } from '../tls-files.ts';
import { CommandError } from './command-error.ts';

export interface Call {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the answer may take. */
  readonly limitMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Rejects where no answer comes. */
export async function exchange(config: Pick<Config, 'tls' | 'data'>, url: string, call: Call): Promise<Answer> {
  const { method, headers, body, limitMs } = call;
  const signal = AbortSignal.timeout(limitMs);
  const options = { method, headers, signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    const outgoing = url.startsWith('https:')
      ? requestByHttps(url, { ...options, ...trustOf(config) })
      : requestByHttp(url, options);
    outgoing.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.once('response', (response) => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.end(body);
  });
}

function trustOf(config: Pick<Config, 'tls' | 'data'>): RequestOptions {
  try {
    return { ca: ownCertificate(config), allowPartialTrustChain: true, checkServerIdentity: () => undefined };
  } catch (cause) {
    if (!(cause instanceof PairError)) throw cause;
    throw new CommandError(`The server is known by a certificate that this configuration lacks: ${cause.message}`, {
      cause,
    });
  }
}
