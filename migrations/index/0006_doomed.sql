-- Files that are about to be deleted, and why: on the disk before the first of them goes, so that a power cut between
-- a file and its row does not leave one that looks taken by somebody.
CREATE TABLE doomed (
    counter INTEGER PRIMARY KEY,
    reason  TEXT NOT NULL
) STRICT;
