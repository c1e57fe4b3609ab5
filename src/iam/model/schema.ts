/**
 * Shape of the tables of IAM's, SNS's and STS's operations: what their models say, as plain data. `table.generated.ts` holds the
 * data, `generate.ts` makes it, decoder and encoder read it.
 */

export type Type =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'date'
  | 'blob'
  | { readonly list: Type }
  | { readonly map: Type }
  | { readonly structure: string };

/** A member of a structure, by its name: its type, and whether a request must have it. */
export type MemberSchema = readonly [name: string, type: Type, isRequired?: true];

export type StructureTable = Readonly<Record<string, readonly MemberSchema[]>>;

export interface OperationSchema {
  /** Name of the structure of the parameters; absent where there are none. */
  readonly input?: string;
  readonly output?: string;
}

export interface ServiceSchema {
  /** The `Version` that requests name. */
  readonly version: string;
  readonly namespace: string;
  readonly operations: Readonly<Record<string, OperationSchema>>;
  readonly structures: StructureTable;
}
