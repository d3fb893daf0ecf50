-- The archive: one row a recorded file. It can be rebuilt from the files.
CREATE TABLE segments (
    -- The archive's order: rises for ever, whatever the clock does.
    counter     INTEGER PRIMARY KEY AUTOINCREMENT,
    camera      TEXT    NOT NULL,
    stream      TEXT    NOT NULL CHECK (stream IN ('main', 'sub')),
    -- The camera's connection, and the file's number in it.
    run         INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    -- Below the storage path.
    path        TEXT    NOT NULL UNIQUE,
    -- The wall clock at the first picture, in ms since 1970.
    start_ms    INTEGER NOT NULL,
    -- That picture's place on the connection's own time line, in 1/90000 s.
    media_start INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    video       TEXT    NOT NULL,
    sound       TEXT,
    lost_packets INTEGER NOT NULL DEFAULT 0,
    -- open while written, closed when complete, salvaged when the process died over it.
    state       TEXT    NOT NULL CHECK (state IN ('open', 'closed', 'salvaged')),
    -- Why there is nothing right before it, where that is so.
    gap_before  TEXT,
    -- Whether the clock could be trusted at the start: only then can it be deleted for its age.
    is_dated    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX segments_of_a_stream ON segments (camera, stream, start_ms);
CREATE INDEX segments_by_age ON segments (stream, start_ms);
