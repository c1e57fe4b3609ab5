/** The store's side of maintenance: which files a segment has at this moment, and what becomes of them. See types.ts. */

import type { Coder } from '../coding/coder.ts';
import { type Segment, type SegmentTable, shardPath } from '../segments.ts';
import type { StripeBuffers } from '../stripe-buffers.ts';
import type { RecoveryTools } from '../unit-recovery.ts';
import { listSegment, measureSegment } from './listings.ts';
import type { SegmentFiles } from './segment-walk.ts';
import type { BlobMaintenance, SegmentMeasure, StripeListing } from './types.ts';

export interface MaintenanceContext {
  readonly table: SegmentTable;
  readonly coder: Coder;
  readonly buffers: StripeBuffers;
}

export class Maintenance implements BlobMaintenance {
  readonly #table: SegmentTable;
  readonly #tools: RecoveryTools;

  constructor({ table, coder, buffers }: MaintenanceContext) {
    this.#table = table;
    this.#tools = { coder, scratch: buffers.scratch };
  }

  async measure(id: string): Promise<SegmentMeasure | undefined> {
    const segment = this.#sealed(id);
    return segment && measureSegment(filesOf(segment));
  }

  async *listings(id: string): AsyncGenerator<StripeListing> {
    const segment = this.#sealed(id);
    if (segment) yield* listSegment(filesOf(segment), this.#tools);
  }

  #sealed(id: string): Segment | undefined {
    const segment = this.#table.get(id);
    return segment?.sealed ? segment : undefined;
  }
}

/** The shard files that can be read now. */
function filesOf(segment: Segment): SegmentFiles {
  const { id, scheme, disks } = segment;
  const copies = disks.flatMap((disk, shard) =>
    disk?.readable ? [{ shard, path: shardPath(disk, segment, shard) }] : [],
  );
  return { segment: id, scheme, copies };
}
