-- What deletion, the sums and the timeline ask of the index, so that none of them reads a million
-- rows.

-- By wall time, wide enough that sums, bounds and the timeline of a day never touch the table itself,
-- where the cameras of a day lie mixed: footage that can go for its age (is_dated = 1), what a day
-- shows, the bytes of a range.
DROP INDEX IF EXISTS segments_of_a_stream;
DROP INDEX IF EXISTS segments_by_age;
CREATE INDEX segments_by_time ON segments (camera, stream, is_dated, start_ms, duration_ms, bytes,
    state, run, n, clock_epoch, media_start, lost_packets, sound, gap_before, holes);

-- In the archive's order: every index ends with the counter.
CREATE INDEX segments_by_counter ON segments (camera, stream);

-- Few rows, on a well-kept box none.
CREATE INDEX segments_undated ON segments (camera, stream) WHERE is_dated = 0;
CREATE INDEX segments_open ON segments (camera, stream) WHERE state = 'open';
