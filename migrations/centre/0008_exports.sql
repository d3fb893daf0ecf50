-- Packages that were made of footage: who, what, why. The row is there before the first file of it.
CREATE TABLE exports (
    id          TEXT PRIMARY KEY,
    -- A JSON list of cameras.
    cameras     TEXT    NOT NULL,
    from_ms     INTEGER NOT NULL,
    to_ms       INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    by          TEXT    NOT NULL,
    folder      TEXT    NOT NULL,
    begun_at    INTEGER NOT NULL,
    -- When it was whole, and the digest of its manifest; until then it is not.
    finished_at INTEGER,
    manifest    TEXT
);

-- What a time line shows of incidents.
CREATE INDEX incidents_by_time ON incidents (flagged_at);
