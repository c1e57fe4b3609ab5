/** A server that takes events as webhooks are sent them, or refuses them for a while. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly message: ReceivedMessage;
}

/** As far as tests look into it. */
export interface ReceivedMessage {
  readonly Event?: string;
  readonly Bucket?: string;
  readonly Records?: readonly ReceivedRecord[];
  readonly [member: string]: unknown;
}
export interface ReceivedRecord {
  readonly eventName: string;
  readonly s3: {
    readonly bucket: { readonly name: string };
    readonly object: { readonly key: string; readonly sequencer: string; readonly [member: string]: unknown };
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

/** The first time that each event was taken, in their order; the others are repetitions. */
export function firstOfEach(records: readonly ReceivedRecord[]): readonly ReceivedRecord[] {
  const seen = new Set<string>();
  return records.filter(({ s3 }) => {
    const isNew = !seen.has(s3.object.sequencer);
    seen.add(s3.object.sequencer);
    return isNew;
  });
}

export class EventReceiver implements AsyncDisposable {
  /** All that were sent and taken, in their order. */
  readonly taken: Received[] = [];
  refused = 0;
  /** Says of a message whether it is taken. */
  takes: (message: ReceivedMessage) => boolean = () => true;
  /** What is answered to those that are taken; nothing unless there is something. */
  answer: string | undefined;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const message = (text.startsWith('{') ? JSON.parse(text) : {}) as ReceivedMessage;
      const isTaken = this.takes(message);
      if (isTaken) this.taken.push({ headers: request.headers, text, message });
      else this.refused++;
      const status = this.answer === undefined ? 204 : 200;
      response.writeHead(isTaken ? status : 503).end(isTaken ? this.answer : undefined);
    });
  });

  #port = 0;

  static async open(): Promise<EventReceiver> {
    const receiver = new EventReceiver();
    await receiver.listen();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/events`;
  }

  /** Listens, after a kill where it did before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections, in the middle of whatever is sent or answered, and refuses others. */
  async kill(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Records on a bucket, in the order in which they were taken. */
  recordsOf(bucket: string): readonly ReceivedRecord[] {
    const records = this.taken.flatMap(({ message }) => message.Records ?? []);
    return records.filter(({ s3 }) => s3.bucket.name === bucket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill();
  }
}
