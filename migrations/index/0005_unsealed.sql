-- Complete files whose digest is not in the signed chain yet (src/ledger).
CREATE TABLE unsealed (
    counter INTEGER PRIMARY KEY REFERENCES segments (counter) ON DELETE CASCADE,
    -- SHA-256 of the file as it was written; none: the file has to be read for it.
    sha256  BLOB
) STRICT;
