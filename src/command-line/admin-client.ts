/** Speaks to the running server's operator interface, with the endpoint and the key that the configuration gives. */
import { z } from 'zod';
import type { Config } from '../config.ts';
import { readRootKey, rootKeyFile } from '../data-folder.ts';
import { systemClock } from '../lib/clock.ts';
import { signRequest } from '../lib/sigv4/sign.ts';
import { CommandError, NoAnswer } from './command-error.ts';
import { endpointOf } from './endpoint.ts';
import { type Answer, type Call, exchange } from './exchange.ts';

const answerLimitMs = 30_000;

const errorSchema = z.object({ code: z.string(), message: z.string() });

export interface AdminClient {
  readonly endpoint: string;
  /** The answer, as the schema has it. Rejects with CommandError, whose message says what to do; NoAnswer is one. */
  request<T>(request: AdminCall, schema: z.ZodType<T>): Promise<T>;
}

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parts of the path below `/-/`, not yet encoded. */
  readonly path: readonly string[];
  readonly body?: object;
  /** How long the answer may take, where that is longer than usual. */
  readonly limitMs?: number;
}

/** Throws CommandError where the configuration names no server or no key. */
export function openAdminClient(config: Config): AdminClient {
  if (config.port === 0)
    throw new CommandError('The configured port is 0, any free one: name the one in use by --port.');
  const key = readRootKey(config);
  if (key === undefined) {
    throw new CommandError(
      `No root key is configured, and ${rootKeyFile(config)} is not there. Give the same --data or --config as to the ` +
        'server, or set NINEFOLD_ACCESS_KEY_ID and NINEFOLD_SECRET_ACCESS_KEY.',
    );
  }
  const endpoint = endpointOf(config);
  return {
    endpoint,
    async request({ method, path, body, limitMs }, schema) {
      const rawPath = `/-/${path.map(encodeURIComponent).join('/')}`;
      const text = body === undefined ? '' : JSON.stringify(body);
      const host = new URL(endpoint).host;
      const headers = signRequest(
        { method, rawPath, host, body: text },
        { ...key, region: config.region, nowMs: systemClock.nowMs() },
      );
      const answer = await exchangeOrExplain(config, `${endpoint}${rawPath}`, {
        method,
        headers,
        ...(text !== '' && { body: text }),
        ...(limitMs !== undefined && { limitMs }),
      });
      if (answer.status === 200) return readAs(answer.body, schema, endpoint);
      throw refusal(answer, { endpoint, accessKeyId: key.accessKeyId });
    },
  };
}

async function exchangeOrExplain(
  config: Config,
  url: string,
  call: Omit<Call, 'limitMs'> & Partial<Call>,
): Promise<Answer> {
  try {
    return await exchange(config, url, { limitMs: answerLimitMs, ...call });
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const { origin } = new URL(url);
    const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
    throw new NoAnswer(
      isRefused
        ? `No server answers at ${origin}. Start one with \`ninefold serve\`, or name where it listens by --host and --port.`
        : `The server at ${origin} gave no answer: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    );
  }
}

function refusal(
  { status, body }: Answer,
  { endpoint, accessKeyId }: { endpoint: string; accessKeyId: string },
): Error {
  const error = parseAs(body, errorSchema);
  if (error === undefined) return new CommandError(`What answers at ${endpoint} is no Ninefold server (${status}).`);
  const { code, message } = error;
  if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch') {
    return new CommandError(
      `The server at ${endpoint} does not know the key ${accessKeyId} with this secret. Give the same --data or --config ` +
        'as to the server, or set NINEFOLD_ACCESS_KEY_ID and NINEFOLD_SECRET_ACCESS_KEY to its root key.',
    );
  }
  return new CommandError(message);
}

function readAs<T>(body: string, schema: z.ZodType<T>, endpoint: string): T {
  const value = parseAs(body, schema);
  if (value === undefined) {
    throw new CommandError(`The server at ${endpoint} answers what this version does not understand: use its own.`);
  }
  return value;
}

function parseAs<T>(body: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
