-- The province is told what was signed, too: such an event belongs to no incident.
DROP VIEW quarantine;
CREATE TABLE outbox_with_links (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('event', 'file')),
    class        INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    incident     TEXT REFERENCES incidents (id),    -- none: the event tells what was signed
    sequence     INTEGER UNIQUE,
    state        TEXT NOT NULL DEFAULT 'waiting'
                 CHECK (state IN ('waiting', 'delivered', 'quarantined', 'given-up')),
    reason       TEXT,
    made_at      INTEGER NOT NULL,
    delivered_at INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    digest       TEXT NOT NULL,
    size         INTEGER NOT NULL,
    path         TEXT,
    sig          TEXT NOT NULL,
    kid          TEXT NOT NULL,
    payload      BLOB NOT NULL,
    CHECK (incident IS NOT NULL OR kind = 'event')
) STRICT;
INSERT INTO outbox_with_links
    SELECT number, id, kind, class, severity, incident, sequence, state, reason, made_at, delivered_at, attempts,
           digest, size, path, sig, kid, payload FROM outbox;
-- Numbers are never used twice, also where all rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'outbox_with_links';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'outbox_with_links', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE outbox_with_links RENAME TO outbox;

CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 'waiting';
CREATE INDEX outbox_incident ON outbox (incident);

CREATE VIEW quarantine AS
    SELECT number, id, kind, class, severity, incident, reason, made_at, attempts, size
    FROM outbox WHERE state = 'quarantined';

-- Which event of the outbox tells the province of which document. These events are never pruned: with the province's
-- receipt they prove when the document was there.
CREATE TABLE told_links (
    number INTEGER PRIMARY KEY REFERENCES ledger (number),
    event  TEXT NOT NULL
) STRICT;

-- The province's receipts, exactly as they were signed. One may be for several items.
CREATE TABLE receipts (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,   -- by the province's clock
    payload BLOB    NOT NULL UNIQUE,
    sig     TEXT    NOT NULL,
    kid     TEXT    NOT NULL
) STRICT;
CREATE TABLE receipted (
    item    TEXT    PRIMARY KEY,               -- the event's or the file's id on the wire
    digest  TEXT    NOT NULL,                  -- SHA-256 of the event's payload or of the file
    receipt INTEGER NOT NULL REFERENCES receipts (number)
) STRICT;
CREATE INDEX receipted_of_digest ON receipted (digest);
