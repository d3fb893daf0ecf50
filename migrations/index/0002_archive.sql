-- Which clock a file's times are of: a new one begins when the clock is set and at every start.
ALTER TABLE segments ADD COLUMN clock_epoch INTEGER NOT NULL DEFAULT 0;
-- What the start follows: the camera's own clock, or the arrival of its packets.
ALTER TABLE segments ADD COLUMN time_from TEXT NOT NULL DEFAULT 'arrival';
-- Where pictures are missing within the file: [[from_ms, to_ms, "reason"], …] from its start.
ALTER TABLE segments ADD COLUMN holes TEXT;

-- The fragments of complete files, packed (src/record/fragments.rs); apart, so that a list of files
-- does not read them.
CREATE TABLE fragments (
    counter INTEGER PRIMARY KEY REFERENCES segments (counter) ON DELETE CASCADE,
    list    BLOB NOT NULL
);

-- The last connection of a stream, and its last file.
CREATE INDEX segments_in_order ON segments (camera, stream, run, n);
