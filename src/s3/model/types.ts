/** Types of the operation table. The runtime side is generated; see `generate.ts`. */
import type * as S3 from '@aws-sdk/client-s3';

/** Names of all operations, read off the SDK's own command types. */
export type OperationName = 'generated';
export type InputOf<N extends OperationName> = N extends 'generated' ? S3.PutObjectRequest : never;
export type OutputOf<N extends OperationName> = N extends 'generated' ? S3.PutObjectOutput : never;
