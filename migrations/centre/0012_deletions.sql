-- Deletions of which the audit log has been told, while the index of the archive still lists them: what is
-- told twice after a sudden end would look like two deletions.
CREATE TABLE told_deletions (
    batch TEXT PRIMARY KEY
) STRICT;
