-- Legal holds: ranges of recordings that a person has forbidden to delete. Nothing ends a hold but
-- a person: by releasing it, or by the end that was chosen when it was made.
CREATE TABLE holds (
    id             TEXT PRIMARY KEY,
    cameras        TEXT NOT NULL,      -- JSON list of camera ids; both streams of each
    from_ms        INTEGER NOT NULL,
    to_ms          INTEGER NOT NULL,
    reason         TEXT NOT NULL CHECK (reason != ''),
    made_by        TEXT NOT NULL,
    made_at        INTEGER NOT NULL,
    until_ms       INTEGER,            -- the chosen end, if any
    released_at    INTEGER,
    released_by    TEXT,
    release_reason TEXT,
    CHECK (from_ms < to_ms)
) STRICT;

CREATE INDEX holds_in_force ON holds (from_ms) WHERE released_at IS NULL;
