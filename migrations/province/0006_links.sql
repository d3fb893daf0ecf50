-- The chain of what each centre signed, as far as its links came: with manifests, and in messages of their own.
CREATE TABLE links (
    centre   TEXT    NOT NULL,
    epoch    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    incident TEXT,
    made_ms  INTEGER NOT NULL,  -- by the centre's clock
    previous TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    came_ms  INTEGER NOT NULL,
    PRIMARY KEY (centre, epoch, number)
) STRICT, WITHOUT ROWID;

-- How each chain stands, kept with its links.
CREATE TABLE chains (
    centre        TEXT    NOT NULL,
    epoch         TEXT    NOT NULL,
    documents     INTEGER NOT NULL, -- how many links are here
    highest       INTEGER NOT NULL, -- the highest number that came
    open_since_ms INTEGER,          -- since when one below it is missing
    last_ms       INTEGER NOT NULL, -- when the newest came
    PRIMARY KEY (centre, epoch)
) STRICT;

-- What does not fit. It is never taken back: both documents were signed.
CREATE TABLE chain_faults (
    centre TEXT    NOT NULL,
    epoch  TEXT    NOT NULL,
    number INTEGER NOT NULL,
    fault  TEXT    NOT NULL,
    digest TEXT    NOT NULL,        -- of the document that does not fit
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (centre, epoch, number, fault, digest)
) STRICT;

-- The messages that told of links, exactly as they were signed.
CREATE TABLE link_messages (
    centre    TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    epoch     TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    time_ms   INTEGER NOT NULL,
    body      BLOB    NOT NULL,
    sig       TEXT    NOT NULL,
    kid       TEXT    NOT NULL,
    digest    TEXT    NOT NULL,
    stored_ms INTEGER NOT NULL,
    PRIMARY KEY (centre, id)
) STRICT;

-- The files that manifests name, so that one which no manifest names is not taken for evidence.
CREATE TABLE manifest_files (
    centre   TEXT NOT NULL,
    incident TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    PRIMARY KEY (centre, incident, sha256)
) STRICT, WITHOUT ROWID;
