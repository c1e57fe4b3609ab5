/** What speaks to a service of AWS, or to whatever speaks its protocol: signed requests, and their answers as text. */
import type { Clock } from '../../lib/clock.ts';
import { signRequest } from '../../lib/sigv4/sign.ts';
import { NotTaken } from '../target.ts';
import { poster } from './poster.ts';

/** As much of an answer as tells what is wrong. */
const answerShownMax = 200;

/** How a target is reached. */
export interface AwsTargetOptions {
  readonly arn: string;
  /** AWS's own of the region in the ARN, unless another is given. */
  readonly endpoint?: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface AwsCall {
  /** `/` unless one is given; nothing in it may need encoding. */
  readonly rawPath?: string;
  readonly rawQuery?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Answers a call with the text of its answer. Throws NotTaken for an answer that is no success. */
export type AwsClient = (call: AwsCall) => Promise<string>;

/** Requests are signed for the region in the target's ARN. */
export function awsClient(service: string, options: AwsTargetOptions): AwsClient {
  const { arn, accessKeyId, secretAccessKey, timeoutMs, clock } = options;
  const region = arn.split(':')[3] ?? '';
  const post = poster();
  const { origin, host } = new URL(options.endpoint ?? `https://${service}.${region}.amazonaws.com`);
  return async ({ rawPath = '/', rawQuery = '', headers, body, signal }) => {
    const signed = signRequest(
      { method: 'POST', rawPath, rawQuery, host, body },
      { accessKeyId, secretAccessKey, region, service, nowMs: clock.nowMs() },
    );
    const { ok, status, text } = await post({
      url: `${origin}${rawPath}${rawQuery === '' ? '' : `?${rawQuery}`}`,
      headers: { ...signed, ...headers },
      ...{ body, signal, timeoutMs },
    });
    if (!ok) throw new NotTaken(`answered ${status}: ${text.slice(0, answerShownMax)}`);
    return text;
  };
}
