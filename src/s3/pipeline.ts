/**
 * The one pipeline: request id → route → authenticate → resolve bucket → authorise → decode → run → encode → log. Each
 * stage stands once, in `#answer`, and throws S3Error; whatever else is thrown is a fault of ours and answered 500.
 */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Bucket } from '../engine/types.ts';
import type { KeyUse } from '../iam/records.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { BucketAccesses } from './access/bucket-accesses.ts';
import type { AccessRequest, Gate } from './access/gate.ts';
import { type RequestFacts, sourceOf } from './access/request-context.ts';
import { requestFacts } from './access/request-facts.ts';
import { isCharged } from './access/request-payment.ts';
import { tellerOf } from './access/told-by-body.ts';
import { type LoggedRequest, logAccess } from './access-log/request-lines.ts';
import { RequestNotes } from './access-log/request-notes.ts';
import { isControlRequest, parseTarget, pathOf, queryValues, type Target } from './addressing.ts';
import { type AuditTrail, administrativeOperations } from './audit.ts';
import type { Authentication, FindSecret } from './auth/types.ts';
import { isBucketName } from './bucket-names.ts';
import { formCall, type Given, headCall } from './call.ts';
import { completed } from './completed-answer.ts';
import { answerPreflight, crossOriginHeaders } from './cors/cross-origin.ts';
import type { Door, Visit } from './door/door.ts';
import { toS3Error } from './engine-errors.ts';
import { S3Error } from './errors.ts';
import { causeOf } from './events/cause.ts';
import { Exchange } from './exchange.ts';
import { findBucket } from './find-bucket.ts';
import { withHoisted } from './hoisted-headers.ts';
import type { Observer } from './metrics/observer.ts';
import { decoderOf } from './model/decode.ts';
import { type EncodedAnswer, encoderOf } from './model/encode.ts';
import { route } from './model/router.ts';
import { operationTable } from './model/table.generated.ts';
import type { InputOf, OperationName, OutputOf } from './model/types.ts';
import type { Answer, ObjectName, Operation, OperationRequest, Surroundings } from './operation.ts';
import { type OpenBody, readDocument, usualDocumentBytesMax } from './request-document.ts';
import { logRequest } from './request-log.ts';
import type { Trace } from './trace.ts';

export interface PipelineOptions extends Surroundings {
  readonly operations: ReadonlyMap<OperationName, Operation>;
  /** The secret and identity behind an access key id. */
  readonly findSecret: FindSecret;
  /** Decides what requests may do. */
  readonly gate: Gate;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
  /** Hears of every use of a key. */
  readonly noteUse: (accessKeyId: string, use: KeyUse) => void;
  readonly accesses: BucketAccesses;
  /** Counts requests where a bucket asks for it. */
  readonly observer: Observer;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether requests may be signed by Version 2. */
  readonly signatureVersion2: boolean;
  /** From `hostSuffixes`. */
  readonly hostSuffixes: readonly string[];
  readonly door: Door;
  /** Where administrative acts are noted; absent where nobody wants that. */
  readonly audit?: AuditTrail | undefined;
  readonly limits: {
    readonly requestHeaderBytesMax: number;
    readonly xmlBodyBytesMax: number;
    readonly objectPutBytesMax: number;
  };
}

/** Members that the pipeline itself honours, whatever the operation. */
export const commonMembers: readonly string[] = [
  'Bucket',
  'Key',
  'AccountId',
  'ResourceArn',
  'ContentMD5',
  'ContentLength',
  'ChecksumAlgorithm',
  'ExpectedBucketOwner',
  'RequestPayer',
];

/** Names the account that a request to S3 Control is about. */
const accountHeader = 'x-amz-account-id';

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #gate: Gate;
  readonly #surroundings: Surroundings;
  readonly #supported: ReadonlyMap<OperationName, ReadonlySet<string>>;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#gate = options.gate;
    const { engine, regions, bucketDefaults, encryptsByDefault, accountBlocks, eventTargets, replication } = options;
    const { findLogTarget, findUser, nameOf, missingPrincipal, objectKeys } = options;
    this.#surroundings = {
      ...{ engine, regions, bucketDefaults, encryptsByDefault, accountBlocks, eventTargets, replication },
      ...{ findLogTarget, findUser, nameOf, missingPrincipal, objectKeys },
    };
    this.#supported = new Map(
      [...options.operations.values()].map(({ name, supports }) => [name, new Set([...commonMembers, ...supports])]),
    );
  }

  /** Answers one request. Never rejects: whatever goes wrong is answered or, once the head is sent, cuts the connection. */
  async handle(incoming: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const startedMs = this.#options.clock.nowMs();
    const exchange = new Exchange(incoming, response, this.#options.door.pacing);
    const trace: Trace = {};
    const { observer, engine } = this.#options;
    if (engine.accessLogs.isOn) trace.notes = new RequestNotes();
    if (trace.notes !== undefined || !observer.isIdle) trace.startedMs = observer.nowMs();
    try {
      const visit = this.#options.door.enter(incoming, response);
      const answer = await this.#answer(exchange, { url, visit }, trace);
      if (administrativeOperations.has(trace.operation ?? '')) await this.#audit(exchange, trace);
      if (trace.startedMs !== undefined) trace.answeredMs = observer.nowMs();
      await exchange.send(answer);
    } catch (error) {
      trace.error = toS3Error(error, exchange.request.method);
      if (trace.startedMs !== undefined) trace.answeredMs ??= observer.nowMs();
      if (administrativeOperations.has(trace.operation ?? '')) await this.#audit(exchange, trace);
      await this.#refuse(exchange, trace.error, { url, response });
    }
    const ms = this.#options.clock.nowMs() - startedMs;
    logRequest(this.#options.log, exchange, { trace, url, ms });
    if (!observer.isIdle) await observer.note(exchange, trace);
    if (trace.notes !== undefined) await this.#logAccess(exchange, { trace, url, atMs: startedMs, totalMs: ms });
  }

  /** What goes wrong here costs a line, and no answer: that is given. */
  async #logAccess(exchange: Exchange, logged: LoggedRequest): Promise<void> {
    const { engine, log } = this.#options;
    try {
      await logAccess(engine, exchange, logged);
    } catch (err) {
      log.error({ requestId: exchange.requestId, err }, 'A request has no line in the access log of its bucket');
    }
  }

  /** Notes an administrative act, if who asked for it is known. */
  async #audit(exchange: Exchange, { operation, identity, input, bucketName, error, ...who }: Trace): Promise<void> {
    const { audit } = this.#options;
    if (audit === undefined || identity === undefined || operation === undefined) return;
    const { Bucket: _named, ...parameters } = { ...input } as Record<string, unknown>;
    await audit.note(exchange, {
      ...{ service: 's3', name: operation, identity, error },
      ...{ accessKeyId: who.accessKeyId, sourceAddress: who.sourceAddress, parameters: { bucketName, ...parameters } },
    });
  }

  /** An error that cannot even be sent cuts the connection: rejecting would end the process, and every other request. */
  async #refuse(
    exchange: Exchange,
    refusal: S3Error,
    { url, response }: { url: string; response: ServerResponse },
  ): Promise<void> {
    try {
      const isWrapped = isControlRequest({ url, accountId: exchange.request.headers[accountHeader]?.toString() });
      await exchange.sendError(refusal, pathOf(url), { isWrapped });
    } catch (error) {
      this.#options.log.error({ requestId: exchange.requestId, err: error }, 'An error could not be answered');
      response.destroy();
    }
  }

  async #answer(exchange: Exchange, { url, visit }: Arrived, trace: Trace): Promise<EncodedAnswer> {
    const { request, requestId } = exchange;
    const nowMs = this.#options.clock.nowMs();
    this.#checkHead(request);
    const accountId = request.headers[accountHeader]?.toString();
    const addressed = parseTarget({ url, host: visit.arrival.host, accountId }, this.#options.hostSuffixes);
    trace.target = addressed;
    const { notes } = trace;
    if (notes !== undefined) notes.arrival = visit.arrival;
    if (request.method === 'OPTIONS') return answerPreflight(this.#options.engine.buckets, request.headers, addressed);
    if (request.headers.origin !== undefined) {
      exchange.standingHeaders = await crossOriginHeaders(this.#options.engine.buckets, request, addressed);
    }
    const given = {
      exchange,
      visit,
      target: addressed,
      headers: withHoisted(request.headers, addressed.hoisted),
      nowMs,
    };
    const found = this.#route(request.method ?? '', given);
    trace.operation = found === 'form' ? 'PostObject' : found.name;
    const call = found === 'form' ? await formCall(given, this.#options) : headCall(found, given, this.#options);
    const { operation, target, headers, authentication, openBody } = call;
    if (notes !== undefined) notes.authentication = authentication;
    this.#noteKey(authentication, nowMs);
    const region = this.#options.regions.own;
    const { arrival } = visit;
    const facts = requestFacts({ requestId, arrival, headers, query: target.query, authentication, nowMs, region });
    trace.identity = facts.identity;
    if (authentication.kind === 'signed') trace.accessKeyId = authentication.accessKeyId;
    trace.sourceAddress = arrival.address;
    trace.bucketName = target.bucket;
    trace.target = target;
    const bucket = await this.#resolveBucket(operation.name, target, headers);
    if (notes !== undefined) notes.bucket = bucket;
    const { bucket: bucketName, control } = target;
    const asked = { facts, operation: operation.name, bucket, bucketName, object: objectOf(target), control, notes };
    if (bucket !== undefined && this.#options.accesses.known(bucket)?.requesterPays !== false) {
      await this.#settle(bucket, facts, trace);
    }
    const input = await this.#admit(asked, { headers, target, openBody });
    trace.input = input;
    this.#options.door.admission.admitPrefix(request.method, target);
    const origin = visit.originFor(authentication);
    const context = this.#context({ exchange, headers, target, asked, nowMs, openBody, origin, trace });
    if (request.method === 'DELETE' && trace.startedMs !== undefined) {
      trace.tagsBefore = await this.#options.observer.tagsBefore(bucket, target);
    }
    const answer = await this.#run(operation, { context, input, asked });
    return completed(encoderOf(operation.name)(answer.output, answer.order), answer, trace);
  }

  /**
   * Authorises the request, and decodes it. Where conditions may ask for what the body says, or it names what is to be
   * allowed, it is read first; one that cannot be read is refused as such only to who might have sent a better one.
   */
  async #admit(asked: AccessRequest, undecoded: Undecoded): Promise<InputOf<OperationName>> {
    const { operation } = asked;
    const tell = tellerOf(operation);
    if (tell === undefined) await this.#gate.authorise(asked);
    try {
      const body = this.#readBody(operation, undecoded);
      const input = this.#decode(operation, undecoded, body && (await body));
      const told = tell?.(input);
      if (told !== undefined) await this.#gate.authorise({ ...asked, told });
      return input;
    } catch (error) {
      if (tell !== undefined) await this.#gate.authorise(asked);
      throw error;
    }
  }

  /** Throws AccessDenied where the caller's account would be charged and does not say that it knows. */
  async #settle(bucket: Bucket, facts: RequestFacts, trace: Trace): Promise<void> {
    const { accesses } = this.#options;
    const access = accesses.known(bucket) ?? (await accesses.read(bucket));
    if (isCharged(access, facts)) trace.isCharged = true;
  }

  async #run(operation: Operation, { context, input, asked }: Runnable): Promise<Answer<OutputOf<OperationName>>> {
    try {
      return await operation.run(context, input);
    } catch (error) {
      throw await this.#gate.concealMissing(asked, error);
    }
  }

  #checkHead(request: IncomingMessage): void {
    const limit = this.#options.limits.requestHeaderBytesMax;
    let bytes = 0;
    // Each name or value costs its length and two characters of punctuation.
    for (const text of request.rawHeaders) bytes += text.length + 2;
    if (bytes > limit) {
      throw new S3Error('RequestHeaderSectionTooLarge', { fields: { MaxSizeAllowed: String(limit) } });
    }
  }

  #route(method: string, { target, headers }: Given): Operation | 'form' {
    const found = route({ method, target: target.kind, query: target.query, headers, path: target.control?.path });
    if (found.kind === 'failure') throw found.error;
    if (found.kind === 'form') return 'form';
    const operation = this.#options.operations.get(found.name);
    if (operation) return operation;
    throw new S3Error('NotImplemented', {
      message: `${found.name} is not implemented`,
      fields: { Operation: found.name },
    });
  }

  /** Notes that a key was used. Throws SlowDown where it was used too often. */
  #noteKey(authentication: Authentication, nowMs: number): void {
    if (authentication.kind !== 'signed') return;
    const { accessKeyId, region } = authentication;
    this.#options.noteUse(accessKeyId, { atMs: nowMs, region, service: 's3' });
    this.#options.door.admission.admitKey(accessKeyId);
  }

  /** The bucket must exist for every operation but those that make or list buckets; bodies are looked at later. */
  #resolveBucket(name: OperationName, target: Target, headers: IncomingHttpHeaders): Promise<Bucket> | undefined {
    const arn = target.control?.resourceArn;
    if (arn !== undefined && target.bucket === undefined) {
      throw new S3Error('NotImplemented', { message: `Only buckets have tags here, and ${arn} is no ARN of a bucket` });
    }
    if (target.bucket === undefined || name === 'CreateBucket') return undefined;
    if (!isBucketName(target.bucket)) {
      throw new S3Error('InvalidBucketName', { fields: { BucketName: target.bucket } });
    }
    const expectedOwner = target.control?.accountId ?? headers['x-amz-expected-bucket-owner']?.toString();
    return findBucket(this.#options, { name: target.bucket, expectedOwner });
  }

  #readBody(name: OperationName, { headers, openBody }: Undecoded): Promise<Buffer> | undefined {
    if (streamed.has(name)) return undefined;
    const { documentBytesMax = usualDocumentBytesMax } = this.#options.operations.get(name) ?? {};
    const bytesMax = Math.min(this.#options.limits.xmlBodyBytesMax, documentBytesMax);
    return readDocument(name, { headers, openBody, bytesMax });
  }

  #decode(name: OperationName, { headers, target }: Undecoded, body: Buffer | undefined): InputOf<OperationName> {
    const { bucket, key, query, control } = target;
    const input = decoderOf(name)({
      ...{ bucket, key, query, headers, body, resourceArn: control?.resourceArn },
      queryValues: (parameter) => queryValues(target, parameter),
    });
    for (const member of Object.keys(input)) {
      if (this.#supported.get(name)?.has(member)) continue;
      const wireName = operationTable[name].input.members.find((known) => known.name === member)?.as ?? member;
      throw new S3Error('NotImplemented', { fields: { Header: wireName } });
    }
    return input;
  }

  #context({ exchange, headers, target, asked, nowMs, openBody, origin, trace }: Authorised): OperationRequest {
    const { accesses, limits } = this.#options;
    const { facts, bucket, notes } = asked;
    const authorise: OperationRequest['authorise'] = (operation, object, other) =>
      this.#gate.authorise({ facts, operation, bucket: other ?? bucket, bucketName: undefined, object, notes });
    return {
      ...this.#surroundings,
      requestId: exchange.requestId,
      notes,
      source: () => sourceOf(facts),
      cause: () => causeOf(exchange, facts),
      identity: facts.identity,
      nowMs,
      accessOf: (one) => accesses.read(one),
      origin,
      header: (name) => headers[name]?.toString(),
      query: (name) => target.query.get(name),
      bucket: () => {
        assert(bucket, 'the operation has no bucket');
        return bucket;
      },
      authorise,
      may: (operation, object) => this.#gate.allows({ facts, operation, bucket, bucketName: undefined, object }),
      sourceBucket: async (named, object) => {
        const source = await findBucket(this.#options, named);
        await this.#settle(source, facts, trace);
        await authorise('GetObject', object, source);
        return source;
      },
      concealMissing: (error, source) =>
        this.#gate.concealMissing({ facts, operation: 'GetObject', bucketName: undefined, ...source }, error),
      body: (options) => openBody({ ...options, maxBytes: limits.objectPutBytesMax, requireLength: true }),
    };
  }
}

interface Arrived {
  readonly url: string;
  readonly visit: Visit;
}

interface Runnable {
  readonly context: OperationRequest;
  readonly input: InputOf<OperationName>;
  readonly asked: AccessRequest;
}

interface Undecoded {
  readonly headers: IncomingHttpHeaders;
  readonly target: Target;
  readonly openBody: OpenBody;
}

interface Authorised {
  readonly exchange: Exchange;
  readonly headers: IncomingHttpHeaders;
  readonly target: Target;
  readonly asked: AccessRequest;
  readonly nowMs: number;
  readonly openBody: OpenBody;
  readonly origin: string;
  readonly trace: Trace;
}

function objectOf({ key, query }: Target): ObjectName | undefined {
  return key === undefined ? undefined : { key, versionId: query.get('versionId') };
}

/** Operations whose body is not a document. */
const streamed = new Set(
  Object.entries(operationTable)
    .filter(([, { input }]) => input.members.some(({ type }) => type === 'stream'))
    .map(([name]) => name),
);
