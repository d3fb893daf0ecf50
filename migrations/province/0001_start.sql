-- The province's database. Times are milliseconds since 1970-01-01T00:00:00Z; ids are as on the wire.
-- An id counts within its centre: one centre cannot take the ids of another.

CREATE TABLE events (
    centre      TEXT NOT NULL,
    id          TEXT NOT NULL,
    incident    TEXT NOT NULL,
    type        TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    time_ms     INTEGER NOT NULL,
    body        BLOB NOT NULL,    -- the exact bytes that were signed
    sig         TEXT NOT NULL,
    kid         TEXT NOT NULL,
    digest      TEXT NOT NULL,
    received_ms INTEGER NOT NULL, -- when the bytes came out of the connection
    stored_ms   INTEGER NOT NULL, -- when the transaction was about to be committed
    PRIMARY KEY (centre, id)
) STRICT;
CREATE INDEX events_of_incident ON events (incident, sequence);

-- What was counted of each epoch, so that a gap shows.
CREATE TABLE sequences (
    centre   TEXT NOT NULL,
    epoch    TEXT NOT NULL,
    lowest   INTEGER NOT NULL,
    highest  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    PRIMARY KEY (centre, epoch)
) STRICT;

-- Each incident as its newest event shows it; written together with that event.
CREATE TABLE incidents (
    id         TEXT PRIMARY KEY,
    centre     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    severity   TEXT NOT NULL,
    camera     TEXT,
    zone       TEXT,
    started_ms INTEGER NOT NULL,
    flagged_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    peak       TEXT NOT NULL,
    count      INTEGER,
    no_clip    TEXT,
    state      TEXT NOT NULL,     -- open or closed
    stored_ms  INTEGER,           -- when the opened event was stored; null until it came
    updated_ms INTEGER NOT NULL,
    epoch      TEXT NOT NULL,     -- epoch, sequence and time of the newest event
    sequence   INTEGER NOT NULL,
    time_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_newest ON incidents (flagged_ms DESC, id DESC);
CREATE INDEX incidents_of_centre ON incidents (centre, flagged_ms DESC, id DESC);

CREATE TABLE files (
    centre       TEXT NOT NULL,
    id           TEXT NOT NULL,
    incident     TEXT NOT NULL,
    role         TEXT NOT NULL,
    camera       TEXT,
    from_ms      INTEGER NOT NULL,
    to_ms        INTEGER NOT NULL,
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL,
    checksum     TEXT NOT NULL,    -- SHA-256, hexadecimal
    init         BLOB NOT NULL,    -- the exact announcement that was signed
    sig          TEXT NOT NULL,
    kid          TEXT NOT NULL,
    state        TEXT NOT NULL,    -- receiving, stored or refused
    have         TEXT NOT NULL,    -- the byte ranges that are there, as 0-262144,524288-600000
    failures     INTEGER NOT NULL, -- how often it was whole and its digest wrong
    reason       TEXT,             -- why it was refused
    path         TEXT,             -- below the storage folder, once stored
    announced_ms INTEGER NOT NULL,
    touched_ms   INTEGER NOT NULL,
    stored_ms    INTEGER,
    verified_ms  INTEGER,          -- when the digest of the whole was found right
    PRIMARY KEY (centre, id)
) STRICT;
CREATE INDEX files_of_incident ON files (incident);
CREATE INDEX files_underway ON files (centre, state);

CREATE TABLE centres (
    id        TEXT PRIMARY KEY,
    status    BLOB NOT NULL,       -- the last status, exact bytes
    at_ms     INTEGER NOT NULL,
    boot      TEXT NOT NULL,
    old_boots TEXT NOT NULL,       -- boots before this one, newest first, separated by spaces
    presence  TEXT NOT NULL,       -- online or offline
    heard_ms  INTEGER NOT NULL     -- by the province's clock
) STRICT;

-- What could not be taken and not be answered either; the newest of each centre.
CREATE TABLE rejections (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    centre TEXT NOT NULL,          -- empty if the topic names none that is known
    topic  TEXT NOT NULL,
    reason TEXT NOT NULL,
    size   INTEGER NOT NULL
) STRICT;
CREATE INDEX rejections_of_centre ON rejections (centre, seq);
CREATE TABLE rejection_counts (
    centre TEXT PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT;

-- Who was given which evidence, written before the first byte goes out.
CREATE TABLE viewings (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    centre   TEXT NOT NULL,
    incident TEXT NOT NULL,
    file     TEXT NOT NULL,
    role     TEXT NOT NULL,
    viewer   TEXT NOT NULL,
    range    TEXT
) STRICT;
