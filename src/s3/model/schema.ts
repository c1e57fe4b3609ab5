/**
 * Shape of the operation table: what S3's model says of each operation, as plain data. `table.generated.ts` holds the data,
 * `generate.ts` makes it, the router, decoder and encoder read it once at start-up.
 */

export type Type =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'blob'
  /** A date as ISO 8601, `2026-01-31T00:00:00.000Z`. */
  | 'iso-date'
  /** A date as in HTTP headers, `Sat, 31 Jan 2026 00:00:00 GMT`. */
  | 'http-date'
  /** A body that is streamed past the codec. */
  | 'stream'
  /** An event stream, which the codec does not carry. */
  | 'events'
  /** User metadata: one header for each entry. */
  | 'string-map'
  | { readonly enum: string }
  | { readonly structure: string }
  | { readonly list: Type };

/** Where a member stands in the message. */
export type Location =
  /** `Bucket` and `Key`, from the host and path, and `ResourceArn`. */
  | 'label'
  | 'header'
  /** All headers that begin with the name. */
  | 'prefix-headers'
  | 'query'
  /** The member alone is the body. */
  | 'payload'
  /** A child element of the structure's own element. */
  | 'element'
  | 'attribute';

export interface MemberSchema {
  readonly name: string;
  readonly in: Location;
  /** Name on the wire: of the header (lower case), parameter, element or attribute; a prefix for prefix headers. */
  readonly as: string;
  readonly type: Type;
  readonly required?: true;
  /** Of a list in XML: its items stand side by side in the parent, each named `as`. */
  readonly flat?: true;
  /** Of a list in XML that is not flat: the name of its items. */
  readonly item?: string;
  /** A namespace declared on the element. */
  readonly xmlns?: { readonly prefix: string; readonly uri: string };
}

export interface MessageSchema {
  /** Name of the root element, where the body is XML made of `element` members. */
  readonly root?: string;
  /** The root element carries the one member's text itself (GetBucketLocation). */
  readonly bare?: true;
  readonly members: readonly MemberSchema[];
}

export interface OperationSchema {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly target: Target;
  /** Of an operation of S3 Control: its path, without the version and a label at the end. */
  readonly path?: string;
  /** Query parameters of the URI template with their values; empty for a bare sub-resource. Without `x-id`. */
  readonly literals: Readonly<Record<string, string>>;
  /** Status of success. */
  readonly status: number;
  /** The request must carry Content-MD5 or a checksum of its body. */
  readonly checksumRequired?: true;
  readonly input: MessageSchema;
  readonly output: MessageSchema;
}

/** What the path of a request names. `account` is for S3 Control, whose requests name one in a header. */
export type Target = 'service' | 'bucket' | 'object' | 'account';

/** Values of each enumeration that is checked. */
export type EnumTable = Readonly<Record<string, readonly string[]>>;
/** Members of each structure that stands in XML, by the structure's name. */
export type StructureTable = Readonly<Record<string, readonly MemberSchema[]>>;
