-- A row of the outbox can also be given up: by the outbox's bounds, in their order, and said so.
DROP VIEW quarantine;
CREATE TABLE outbox_with_more_states (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('event', 'file')),
    class        INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    incident     TEXT NOT NULL REFERENCES incidents (id),
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
    payload      BLOB NOT NULL
) STRICT;
INSERT INTO outbox_with_more_states
    SELECT number, id, kind, class, severity, incident, sequence, state, reason, made_at, delivered_at, attempts,
           digest, size, path, sig, kid, payload FROM outbox;
-- Numbers are never used twice, also where all rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'outbox_with_more_states';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'outbox_with_more_states', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE outbox_with_more_states RENAME TO outbox;

CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 'waiting';
CREATE INDEX outbox_incident ON outbox (incident);

CREATE VIEW quarantine AS
    SELECT number, id, kind, class, severity, incident, reason, made_at, attempts, size
    FROM outbox WHERE state = 'quarantined';
