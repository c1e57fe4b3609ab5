/** Configurations of which a bucket has many, each by an id: kept in one document, in order of id. */
import { z } from 'zod';
import type { Bucket } from '../meta/records.ts';

interface ConfigReader {
  getConfig(bucket: Bucket, kind: string): Promise<string | undefined>;
}

interface ConfigWriter {
  changeConfig(bucket: Bucket, kind: string, decide: (document: string | undefined) => string | null): Promise<void>;
}

export class NamedConfigurations<C extends { readonly id: string }> {
  /** Name of the document that keeps them. */
  readonly kind: string;
  readonly #schema: z.ZodType<readonly C[]>;

  constructor(kind: string, schema: z.ZodType<C>) {
    this.kind = kind;
    this.#schema = z.array(schema);
  }

  /** Those of a bucket. */
  async read(buckets: ConfigReader, bucket: Bucket): Promise<readonly C[]> {
    return this.parse(await buckets.getConfig(bucket, this.kind));
  }

  /** Replaces them by what `decide` makes of them, with no other change in between; it gives them in any order. */
  async change(
    buckets: ConfigWriter,
    bucket: Bucket,
    decide: (configurations: readonly C[]) => readonly C[],
  ): Promise<void> {
    await buckets.changeConfig(bucket, this.kind, (document) => {
      const decided = decide(this.parse(document)).toSorted((one, other) => (one.id < other.id ? -1 : 1));
      return decided.length === 0 ? null : JSON.stringify(decided);
    });
  }

  /** What a document says. */
  parse(document: string | undefined): readonly C[] {
    return document === undefined ? [] : this.#schema.parse(JSON.parse(document));
  }
}
