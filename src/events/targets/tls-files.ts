/** What the files of a target's TLS say, in PEM, in the names that Node gives them. */
export interface TlsFiles {
  /** Trusted in place of what the system trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads them as they are now; without settings there are none. */
export type ReadTlsFiles = () => TlsFiles;
