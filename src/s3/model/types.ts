/**
 * Types of the operations, read off the SDK's own command types at compile time; nothing of the SDK is loaded at run time.
 * Four things differ from the client's view, because a server sees the other end:
 * - required members of an input are present: the decoder has refused the request otherwise;
 * - a streaming member of an input (`Body`) is absent: the body is read through the request;
 * - a streaming member of an output is any source of bytes, or all of them;
 * - `Expires` and `ResponseExpires` are the text the client wrote, which S3 stores and returns untouched.
 */
import type * as Sdk from '@aws-sdk/client-s3';
import type * as ControlSdk from '@aws-sdk/client-s3-control';
import type { Present } from '../../lib/present.ts';

type Commands = {
  [K in keyof typeof Sdk as K extends `${infer N}Command` ? (N extends '$' ? never : N) : never]: (typeof Sdk)[K];
};

/** The operations of S3 Control that are served, by the names by which CloudTrail tells them from those of S3. */
interface ControlCommands {
  DeleteAccountPublicAccessBlock: typeof ControlSdk.DeletePublicAccessBlockCommand;
  GetAccountPublicAccessBlock: typeof ControlSdk.GetPublicAccessBlockCommand;
  ListTagsForResource: typeof ControlSdk.ListTagsForResourceCommand;
  PutAccountPublicAccessBlock: typeof ControlSdk.PutPublicAccessBlockCommand;
  TagResource: typeof ControlSdk.TagResourceCommand;
  UntagResource: typeof ControlSdk.UntagResourceCommand;
}

export type ControlOperationName = keyof ControlCommands;
/** Name of an operation, as IAM and the documentation spell it. */
export type OperationName = (keyof Commands & string) | ControlOperationName;

type CommandOf<N extends OperationName> = (Commands & ControlCommands)[N] extends abstract new (
  ...args: never[]
) => infer C
  ? C
  : never;

/** What the SDK accepts or returns where bytes are streamed. */
type StreamingIn = Sdk.PutObjectCommandInput['Body'];
type StreamingOut = Sdk.GetObjectCommandOutput['Body'];
/** Members that are dates in the SDK and text here. */
type TextMember = 'Expires' | 'ResponseExpires';

type InputMembers<T> = {
  [K in keyof T as StreamingIn extends T[K] | undefined ? never : K]: K extends TextMember ? string | undefined : T[K];
};
type OutputMembers<T> = {
  [K in keyof T as K extends '$metadata' | 'ExpiresString' ? never : K]: K extends TextMember
    ? string | undefined
    : [Exclude<StreamingOut, undefined>, T[K]] extends [T[K], StreamingOut | undefined]
      ? Uint8Array | AsyncIterable<Uint8Array> | undefined
      : T[K];
};

/** Decoded input of an operation. Members the client did not send are absent. */
export type InputOf<N extends OperationName> = N extends OperationName
  ? CommandOf<N> extends { input: infer I }
    ? Present<InputMembers<I>>
    : never
  : never;

/** What an operation answers. Members that are absent or undefined are not sent. */
export type OutputOf<N extends OperationName> = N extends OperationName
  ? CommandOf<N> extends { resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer O }> }
    ? OutputMembers<O>
    : never
  : never;
