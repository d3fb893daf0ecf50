-- Lives of this database whose end was lost: a copy of some time ago took its place. What was signed in them behind the
-- document `after` is in no chain any more, and evidence of that time can still be on the disk.
CREATE TABLE lost_lives (
    epoch TEXT NOT NULL PRIMARY KEY,
    after INTEGER NOT NULL
) STRICT;
INSERT INTO lost_lives SELECT follows_epoch, follows_number FROM meta WHERE follows_epoch IS NOT NULL;
