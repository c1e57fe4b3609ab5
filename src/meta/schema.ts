/**
 * The tables of the index, as numbered migrations (`PRAGMA user_version`). A released migration never changes; keys are
 * BLOBs of UTF-8 so that SQLite's byte order is S3's order of keys.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cluster_id TEXT NOT NULL,
    -- The last log record applied: its sequence, checksum, and where it lies in every zone's log.
    last_sequence INTEGER NOT NULL,
    last_checksum INTEGER NOT NULL,
    log_file INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    last_ordinal INTEGER NOT NULL,
    next_bucket_id INTEGER NOT NULL,
    next_blob_id INTEGER NOT NULL,
    next_content_id INTEGER NOT NULL,
    next_outbox_sequence INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE buckets (
    bucket_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    versioning TEXT NOT NULL
  ) STRICT;

  CREATE TABLE bucket_configs (
    bucket_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (bucket_id, kind)
  ) STRICT, WITHOUT ROWID;

  -- The first row of a key is its current version.
  CREATE TABLE versions (
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    ordinal INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    is_delete_marker INTEGER NOT NULL,
    last_modified_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT,
    owner TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    details TEXT,
    slices TEXT,
    content_id INTEGER,
    part_count INTEGER,
    upload_id TEXT,
    -- 0 only for the null version of a key that has no other version: it needs no row in versions_by_id.
    is_listed_by_id INTEGER NOT NULL,
    PRIMARY KEY (bucket_id, key, ordinal DESC)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX versions_by_id ON versions (bucket_id, key, version_id) WHERE is_listed_by_id = 1;
  CREATE INDEX versions_by_upload ON versions (upload_id) WHERE upload_id IS NOT NULL;

  CREATE TABLE blobs (
    blob_id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    extents TEXT NOT NULL,
    refs INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE segments (
    segment TEXT PRIMARY KEY,
    live_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE uploads (
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    upload_id TEXT NOT NULL,
    initiated_ms INTEGER NOT NULL,
    content_id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    details TEXT,
    checksum_algorithm TEXT,
    checksum_type TEXT,
    PRIMARY KEY (bucket_id, key, upload_id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX uploads_by_id ON uploads (upload_id);

  -- Parts of an upload, and after its completion of the version it became. start and position (1 is the first) are the
  -- part's place in the object, set by the completion.
  CREATE TABLE parts (
    content_id INTEGER NOT NULL,
    part_number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    last_modified_ms INTEGER NOT NULL,
    checksum TEXT,
    slices TEXT NOT NULL,
    start INTEGER,
    position INTEGER,
    PRIMARY KEY (content_id, part_number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX parts_by_start ON parts (content_id, start) WHERE start IS NOT NULL;

  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- What stripe directories call the blob, 32 hex digits; null for blobs of commands that did not say.
  ALTER TABLE blobs ADD COLUMN write_id TEXT;

  -- A blob that describes the row to a rebuild of the index, where no bytes of the row's own do.
  ALTER TABLE buckets ADD COLUMN manifest INTEGER;
  ALTER TABLE versions ADD COLUMN manifest INTEGER;
  ALTER TABLE uploads ADD COLUMN manifest INTEGER;
  ALTER TABLE parts ADD COLUMN manifest INTEGER;

  -- Which blobs have bytes in a segment.
  CREATE TABLE blob_segments (
    segment TEXT NOT NULL,
    blob_id INTEGER NOT NULL,
    PRIMARY KEY (segment, blob_id)
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO blob_segments
    SELECT json_extract(extent.value, '$[0]'), blob_id FROM blobs, json_each(blobs.extents) AS extent;

  -- Where background work goes on, as JSON text.
  CREATE TABLE job_states (
    job TEXT PRIMARY KEY,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Who there is: accounts, users, keys and so on, as JSON text.
  CREATE TABLE identities (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, kind, name)
  ) STRICT, WITHOUT ROWID;

  -- How often that was changed.
  CREATE TABLE identity_revision (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
  ) STRICT;
  INSERT INTO identity_revision VALUES (1, 0);
  `,
  `
  -- Events on their way, one row for each target that is to hear of one. Nothing was ever written in the table's old form.
  DROP TABLE outbox;
  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    -- 1 for a dead letter: it is kept, and no longer delivered.
    is_dead INTEGER NOT NULL,
    -- JSON text.
    event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX outbox_by_target ON outbox (is_dead, target, sequence);
  `,
  `
  -- Events that wait, of one key: those behind one that is held up are passed by, and read when their turn comes.
  CREATE INDEX outbox_by_key ON outbox (target, event ->> '$.key', sequence) WHERE is_dead = 0;
  `,
  `
  -- Changes on their way to other buckets, one row for each destination.
  CREATE TABLE replication (
    sequence INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    version_id TEXT NOT NULL,
    -- 1 for what is tried no more.
    is_failed INTEGER NOT NULL,
    size INTEGER NOT NULL,
    queued_ms INTEGER NOT NULL,
    -- JSON text.
    task TEXT NOT NULL
  ) STRICT;
  CREATE INDEX replication_by_destination ON replication (is_failed, destination, sequence);
  CREATE INDEX replication_by_version ON replication (bucket_id, key, version_id);
  `,
  `
  -- Restores of versions in archives of which something is to be told: when they can be read, then when they cannot any more.
  CREATE TABLE restores (
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    ordinal INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    PRIMARY KEY (bucket_id, key, ordinal)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX restores_by_due ON restores (due_ms);
  `,
  `
  -- Lines of access logs that wait for their delivery, those of a second a row.
  CREATE TABLE access_log_batches (
    sequence INTEGER PRIMARY KEY,
    bucket_id INTEGER NOT NULL,
    -- On which the requests came, in days since 1970.
    day INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    -- In bytes, before it was compressed.
    size INTEGER NOT NULL,
    -- JSON text.
    source TEXT NOT NULL,
    -- By Zstandard.
    text BLOB NOT NULL
  ) STRICT;
  CREATE INDEX access_log_groups ON access_log_batches (bucket_id, day, sequence, at_ms, lines, size);
  `,
  `
  -- Changes of one key that wait: those behind one that is held up are passed by, and read when their turn comes.
  CREATE INDEX replication_by_key ON replication (destination, bucket_id, key, sequence) WHERE is_failed = 0;
  `,
  `
  -- How much of the queue of replication there is, kept with every change of it.
  CREATE TABLE replication_totals (
    is_failed INTEGER NOT NULL,
    destination TEXT NOT NULL,
    bucket_id INTEGER NOT NULL,
    rule TEXT NOT NULL,
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (is_failed, destination, bucket_id, rule)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO replication_totals
    SELECT is_failed, destination, bucket_id, task ->> '$.rule' AS rule, COUNT(*), SUM(size)
    FROM replication GROUP BY is_failed, destination, bucket_id, rule;
  `,
  `
  -- What has just entered the outbox, or the queue of replication, and is not in their tables yet.
  CREATE TABLE arrivals (
    sequence INTEGER PRIMARY KEY,
    -- Target of an event, or destination of a change.
    address TEXT NOT NULL,
    -- Of changes alone.
    bucket_id INTEGER,
    key BLOB,
    version_id TEXT,
    size INTEGER,
    queued_ms INTEGER,
    -- JSON text: the event, or the task.
    body TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Events that a target has not taken, set aside until they are tried again: when they were tried first, how often, and from when on.
  ALTER TABLE outbox ADD COLUMN tried_ms INTEGER;
  ALTER TABLE outbox ADD COLUMN failures INTEGER;
  ALTER TABLE outbox ADD COLUMN again_ms INTEGER;
  CREATE INDEX outbox_aside ON outbox (target, again_ms, sequence) WHERE again_ms IS NOT NULL;
  CREATE INDEX outbox_aside_by_key ON outbox (target, event ->> '$.key', sequence) WHERE again_ms IS NOT NULL;
  `,
  `
  -- Annotations of versions; each goes with its version.
  CREATE TABLE annotations (
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    ordinal INTEGER NOT NULL,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT,
    last_modified_ms INTEGER NOT NULL,
    slices TEXT NOT NULL,
    manifest INTEGER,
    PRIMARY KEY (bucket_id, key, ordinal, name)
  ) STRICT, WITHOUT ROWID;
  `,
];
