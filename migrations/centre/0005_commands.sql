-- The province's commands, so that each happens once however often it comes.
CREATE TABLE commands (
    id         TEXT PRIMARY KEY,
    action     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    taken_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    reply      TEXT              -- JSON; none while it is being done
) STRICT;
