/** What speaks to a service of AWS, or to whatever speaks its protocol: signed requests, and their answers as text. */
import type { Clock } from '../../lib/clock.ts';
import { signRequest } from '../../lib/sigv4/sign.ts';
import { NotTaken } from '../target.ts';

/** As much of an answer as tells what is wrong. */
const answerShownMax = 200;

export interface AwsClientOptions {
  /** Scheme and host, and a port where it is another. */
  readonly endpoint: string;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface AwsCall {
  /** `/` unless one is given; nothing in it may need encoding. */
  readonly rawPath?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Answers a call with the text of its answer. Throws NotTaken for an answer that is no success. */
export type AwsClient = (call: AwsCall) => Promise<string>;

export function awsClient({ endpoint, timeoutMs, clock, ...credentials }: AwsClientOptions): AwsClient {
  const { origin, host } = new URL(endpoint);
  return async ({ rawPath = '/', headers, body, signal }) => {
    const signed = signRequest({ method: 'POST', rawPath, host, body }, { ...credentials, nowMs: clock.nowMs() });
    const response = await fetch(`${origin}${rawPath}`, {
      method: 'POST',
      body,
      redirect: 'error',
      headers: { ...signed, ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const answer = await response.text();
    if (!response.ok) throw new NotTaken(`answered ${response.status}: ${answer.slice(0, answerShownMax)}`);
    return answer;
  };
}

/** The region that an ARN names. */
export function regionIn(arn: string): string {
  return arn.split(':')[3] ?? '';
}
