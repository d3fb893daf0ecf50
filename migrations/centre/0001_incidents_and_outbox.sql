-- centre.sqlite: what a centre must not forget. It cannot be rebuilt, so it is FULL-synchronous.
-- Times are whole milliseconds since 1970-01-01T00:00:00Z, ids are UUIDs in text.

-- One row: this life of the database, and the number of its last event.
CREATE TABLE meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    epoch    TEXT    NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE incidents (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,
    severity        TEXT NOT NULL,
    camera          TEXT,
    zone            TEXT,
    started_at      INTEGER NOT NULL,
    flagged_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    peak            TEXT NOT NULL,
    count           INTEGER NOT NULL,
    rule            TEXT NOT NULL,
    clip_from       INTEGER,
    clip_to         INTEGER,
    evidence_state  TEXT NOT NULL CHECK (evidence_state IN ('none', 'pending', 'made', 'impossible')),
    evidence_reason TEXT,
    clock           TEXT NOT NULL,
    sound_may_leave INTEGER NOT NULL
) STRICT;

CREATE INDEX incidents_open ON incidents (flagged_at) WHERE ended_at IS NULL;
CREATE INDEX incidents_without_evidence ON incidents (flagged_at) WHERE evidence_state = 'pending';

-- What goes to the province. A row leaves 'waiting' only by the province's receipt.
CREATE TABLE outbox (
    number       INTEGER PRIMARY KEY AUTOINCREMENT, -- age; for events also the order of sequence
    id           TEXT NOT NULL UNIQUE,              -- the event's or the file's id on the wire
    kind         TEXT NOT NULL CHECK (kind IN ('event', 'file')),
    class        INTEGER NOT NULL,                  -- 0 event, 1 still, sound, manifest, preview, 2 clip
    severity     INTEGER NOT NULL,                  -- 0 notice, 1 warning, 2 urgent
    incident     TEXT NOT NULL REFERENCES incidents (id),
    sequence     INTEGER UNIQUE,                    -- events alone
    state        TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'quarantined')),
    reason       TEXT,                              -- why it is in quarantine
    made_at      INTEGER NOT NULL,
    delivered_at INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,        -- files: how often it was announced
    digest       TEXT NOT NULL,                     -- SHA-256 of the event's payload or of the file
    size         INTEGER NOT NULL,                  -- of the event's payload or of the file
    path         TEXT,                              -- files alone: below the storage path, never a copy
    sig          TEXT NOT NULL,
    kid          TEXT NOT NULL,
    payload      BLOB NOT NULL                      -- the event, or the file's announcement: the signed bytes
) STRICT;

CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 'waiting';
CREATE INDEX outbox_incident ON outbox (incident);

CREATE VIEW quarantine AS
    SELECT number, id, kind, class, severity, incident, reason, made_at, attempts, size
    FROM outbox WHERE state = 'quarantined';

-- Ranges of recordings that retention leaves alone.
CREATE TABLE pins (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    incident    TEXT NOT NULL REFERENCES incidents (id),
    camera      TEXT NOT NULL,
    from_ms     INTEGER NOT NULL,
    to_ms       INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    released_at INTEGER
) STRICT;

CREATE INDEX pins_held ON pins (camera, from_ms) WHERE released_at IS NULL;
CREATE INDEX pins_incident ON pins (incident);
