-- Lives of this centre's databases that ended because a copy of some time ago, or a new one, took their place. What was
-- signed in them behind the document `after` is in no chain any more, and evidence of that time can still be on the disk.
CREATE TABLE lost_lives (
    epoch    TEXT    NOT NULL PRIMARY KEY,
    after    INTEGER NOT NULL,
    found_at INTEGER NOT NULL   -- ms since 1970
) STRICT;
-- Of a database that was restored before, the last time is known.
INSERT INTO lost_lives
    SELECT follows_epoch, follows_number,
           coalesce((SELECT max(at) FROM audit WHERE action = 'database-restored'), 0)
    FROM meta WHERE follows_epoch IS NOT NULL;
