/** What the APIs of the query protocol, IAM, STS and SNS, refuse: AWS's codes with their statuses. Sentences are given where the refusal is made. */
const statuses = {
  AccessDenied: 403,
  AuthorizationError: 403,
  BatchEntryIdsNotDistinct: 400,
  BatchRequestTooLong: 400,
  DeleteConflict: 409,
  EmptyBatchRequest: 400,
  EntityAlreadyExists: 409,
  ExpiredToken: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidBatchEntryId: 400,
  InvalidClientTokenId: 403,
  InvalidIdentityToken: 400,
  InvalidInput: 400,
  InvalidParameter: 400,
  InvalidParameterValue: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  MalformedQueryString: 400,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  NotFound: 404,
  NotImplemented: 501,
  PackedPolicyTooLarge: 400,
  ParameterValueInvalid: 400,
  RequestEntityTooLarge: 413,
  ReportExpired: 410,
  ReportNotPresent: 410,
  ResourceNotFound: 404,
  ServiceUnavailable: 503,
  RequestTimeout: 400,
  SignatureDoesNotMatch: 403,
  SubscriptionLimitExceeded: 403,
  TagLimitExceeded: 400,
  Throttling: 400,
  TooManyEntriesInBatchRequest: 400,
  TopicLimitExceeded: 403,
  UnmodifiableEntity: 400,
  ValidationError: 400,
} as const;

export type IamErrorCode = keyof typeof statuses;

export class IamError extends Error {
  override readonly name = 'IamError';
  readonly code: IamErrorCode;
  readonly status: number;

  constructor(code: IamErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
  }
}
