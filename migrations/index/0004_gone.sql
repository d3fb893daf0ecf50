-- Files that went and are not told yet: written with the removal of their rows, so that no power cut
-- loses who was told of a deletion. Emptied as it is told (src/record/index/gone.rs).
CREATE TABLE gone (
    counter     INTEGER NOT NULL,
    camera      TEXT    NOT NULL,
    stream      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    start_ms    INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    -- age, size, space; missing: it was not on the disk any more.
    reason      TEXT    NOT NULL,
    -- When it went.
    at_ms       INTEGER NOT NULL,
    -- Those that are told together; none: not yet.
    batch       TEXT
) STRICT;
CREATE INDEX gone_in_batches ON gone (batch);
