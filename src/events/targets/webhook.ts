/** Events as POST requests to a URL, signed so that who receives them can tell whose they are. */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { type EventTarget, NotTaken, oneByOne } from '../target.ts';
import { poster } from './poster.ts';

export interface WebhookOptions {
  readonly arn: string;
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Any 2xx takes a message; whatever else is answered, or nothing, has it sent again. */
export function webhook({ arn, url, secret, timeoutMs, clock }: WebhookOptions): EventTarget {
  const post = poster();
  const target = new URL(url);
  return oneByOne(arn, async ({ text }, signal) => {
    const timestamp = String(Math.floor(clock.nowMs() / 1000));
    const { ok, status } = await post({
      ...{ url: target, body: text, signal, timeoutMs },
      headers: {
        'content-type': 'application/json',
        'x-ninefold-timestamp': timestamp,
        'x-ninefold-signature': signatureOf({ secret, timestamp, message: text }),
      },
    });
    if (!ok) throw new NotTaken(`answered ${status}`);
  });
}

/** HMAC-SHA256 over timestamp, a dot and the body, so that nobody who saw a message can send it again later. */
export function signatureOf(signed: { secret: string; timestamp: string; message: string }): string {
  const { secret, timestamp, message } = signed;
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${message}`).digest('hex')}`;
}
