/** What KMS refuses: AWS's codes. Sentences are given where the refusal is made. https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html */
const codes = [
  'AccessDeniedException',
  'AlreadyExistsException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidAliasNameException',
  'InvalidArnException',
  'InvalidCiphertextException',
  'InvalidMarkerException',
  'KMSInvalidStateException',
  'LimitExceededException',
  'MalformedPolicyDocumentException',
  'NotFoundException',
  'SerializationException',
  'TagException',
  'UnknownOperationException',
  'UnsupportedOperationException',
  'ValidationException',
] as const;

export type KmsErrorCode = (typeof codes)[number];

export class KmsError extends Error {
  override readonly name = 'KmsError';
  readonly code: KmsErrorCode;

  constructor(code: KmsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
