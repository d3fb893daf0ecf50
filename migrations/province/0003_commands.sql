-- What people at the province asked of centres, and what became of it.
CREATE TABLE commands (
    id         TEXT PRIMARY KEY,
    centre     TEXT NOT NULL,
    action     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    issued_ms  INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    body       BLOB NOT NULL,     -- the exact bytes that were signed
    sig        TEXT NOT NULL,
    kid        TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'replied', 'expired')),
    reply      BLOB,              -- the exact bytes of the centre's reply
    reply_ms   INTEGER,
    picture    BLOB,              -- of a look-in: the newest reply that carries one
    picture_ms INTEGER
) STRICT;
CREATE INDEX commands_waiting ON commands (id) WHERE state = 'waiting';
CREATE INDEX commands_of_centre ON commands (centre, issued_ms DESC);
