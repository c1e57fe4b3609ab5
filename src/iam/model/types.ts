/**
 * Types of the operations, read off the SDKs' own command types at compile time; nothing of an SDK is loaded at run time.
 * Required members of an input are present, as the decoder has refused the request otherwise.
 */
import type * as IamSdk from '@aws-sdk/client-iam';
import type * as SnsSdk from '@aws-sdk/client-sns';
import type * as StsSdk from '@aws-sdk/client-sts';
import type { Present } from '../../lib/present.ts';

type CommandsOf<S> = {
  [K in keyof S as K extends `${infer N}Command` ? (N extends '$' ? never : N) : never]: S[K];
};
interface Commands extends CommandsOf<typeof IamSdk>, CommandsOf<typeof SnsSdk>, CommandsOf<typeof StsSdk> {}

/** Name of an operation of IAM, SNS or STS; no two have the same. */
export type ActionName = keyof Commands & string;

type CommandOf<N extends ActionName> = Commands[N] extends abstract new (...args: never[]) => infer C ? C : never;

/** Decoded parameters of an action. What the client did not send is absent. */
export type InputOf<N extends ActionName> = CommandOf<N> extends { input: infer I } ? Present<I> : never;

/** What an action answers. Members that are absent or undefined are not sent. */
export type OutputOf<N extends ActionName> =
  CommandOf<N> extends {
    resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer O }>;
  }
    ? Omit<O, '$metadata'>
    : never;
