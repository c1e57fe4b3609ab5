/** What a mutation is: a rule taken out of the source, by its exact text, so that the lists follow the code or fail. */

/** The rule in a few words, the text that stands once in the file, and what stands in its place. */
export type Mutation = readonly [rule: string, text: string, replacement: string];

export interface MutatedFile {
  readonly file: string;
  readonly mutations: readonly Mutation[];
  /** The test file that most likely tells; the others are asked if it does not. */
  readonly askFirst?: string;
}

export interface Target {
  readonly name: string;
  readonly files: readonly MutatedFile[];
  /** Tests of the quick ring of which one must fail. */
  readonly tests: readonly string[];
}
