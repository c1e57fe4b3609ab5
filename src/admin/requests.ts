/** What the operator's interface is asked and answers, as plain values, and how a request is refused. */

export interface AdminRequest {
  readonly method: string;
  /** Path below `/-/`, as on the wire. */
  readonly path: string;
  /** Query as on the wire; empty where there is none. */
  readonly query: string;
  /** JSON, or empty. */
  readonly body: string;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value that JSON can hold, or text of the type named. */
  readonly body: unknown;
  readonly contentType?: string | undefined;
}

/** Statuses of refusals by their codes. */
const statuses = {
  InvalidInput: 400,
  NoSuchRoute: 404,
  NoSuchBucket: 404,
  NoSuchJob: 404,
  NoSuchDisk: 404,
  NoSuchTarget: 404,
  NoSuchUser: 404,
  NoSuchRefusal: 404,
  NoSuchZone: 404,
  MethodNotAllowed: 405,
  Refused: 409,
  NotStored: 503,
} as const;

export type RefusalCode = keyof typeof statuses;

/** The request cannot be done; the message says why, in a sentence for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly #more: Readonly<Record<string, string>>;
  readonly #headers: Readonly<Record<string, string>> | undefined;

  /** `member` names the part of the body that is wrong; `headers` are sent with the answer. */
  constructor(
    code: RefusalCode,
    message: string,
    { member, headers }: { member?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.#more = member === undefined ? {} : { member };
    this.#headers = headers;
  }

  answer(): AdminAnswer {
    const { code, message } = this;
    return {
      status: statuses[code],
      ...(this.#headers && { headers: this.#headers }),
      body: { code, message, ...this.#more },
    };
  }
}
