-- What deletion, the sums and the timeline ask of the index, so that none of them reads a million
-- rows.

-- By wall time, wide enough that sums and bounds never touch the table itself: footage that can go
-- for its age (is_dated = 1), the timeline of a day, the bytes of a range.
DROP INDEX IF EXISTS segments_of_a_stream;
DROP INDEX IF EXISTS segments_by_age;
CREATE INDEX segments_by_time ON segments (camera, stream, is_dated, start_ms, duration_ms, bytes);

-- In the archive's order: every index ends with the counter.
CREATE INDEX segments_by_counter ON segments (camera, stream);

-- Few rows, on a well-kept box none.
CREATE INDEX segments_undated ON segments (camera, stream) WHERE is_dated = 0;
CREATE INDEX segments_open ON segments (camera, stream) WHERE state = 'open';
