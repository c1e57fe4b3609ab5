/** Where lines of access logs are written: kept apart from their delivery, as what writes objects notes lines too. */
import type { Bucket } from '../../meta/records.ts';
import type { Index } from '../../meta/types.ts';
import { knownLogging, readLogging } from './configuration.ts';
import { AccessJournal, type JournalOptions } from './journal.ts';
import { formatLine, type LogLine } from './line.ts';

export class AccessNotes {
  readonly journal: AccessJournal;
  readonly #index: Index;

  constructor(options: JournalOptions & { readonly index: Index }) {
    this.journal = new AccessJournal(options);
    this.#index = options.index;
  }

  /** Writes a line, if the bucket's requests are logged. */
  write(bucket: Bucket, line: LogLine): void {
    if (!this.journal.isOn) return;
    const known = knownLogging(bucket);
    if (known === undefined) void this.#readFirst(bucket, line);
    else if (known !== 'none') {
      this.journal.add({ bucket, configuration: known }, { text: formatLine(bucket, line), atMs: line.atMs });
    }
  }

  async #readFirst(bucket: Bucket, line: LogLine): Promise<void> {
    try {
      const getConfig = (_: Bucket, kind: string) => this.#index.getBucketConfig(bucket.id, kind);
      if ((await readLogging({ getConfig }, bucket)) !== 'none') this.write(bucket, line);
    } catch {
      this.journal.lost++;
    }
  }
}
