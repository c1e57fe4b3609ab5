/** How requests to queues are read and answered on the wire: SQS has two protocols, which say the same. */

/** A request as it was signed. */
export interface SentRequest {
  readonly target: string;
  readonly path: string;
  readonly body: Buffer;
}

export interface AskedAction {
  readonly action: string;
  /** By the names of AWS's model. */
  readonly input: unknown;
}

/** What a request is refused with. */
export interface QueueRefusal {
  readonly status: number;
  /** As clients of the JSON protocol know it. */
  readonly shape: string;
  /** As older clients know it. */
  readonly code: string;
  readonly message: string;
}

export interface QueueProtocol {
  readonly contentType: string;
  /** Throws S3Error where the body is none of the protocol. */
  read(sent: SentRequest): AskedAction;
  /** Text of an answer; `output` is absent where the action has none. */
  encode(answered: {
    readonly action: string;
    readonly output: object | undefined;
    readonly requestId: string;
  }): string;
  /** `headers` are names and values by turns. */
  encodeRefusal(
    refusal: QueueRefusal,
    requestId: string,
  ): { readonly text: string; readonly headers: readonly string[] };
}
