-- Everything that this centre signed to last, in the order of signing: only added to. Each document holds the digest
-- of the one before it.
CREATE TABLE ledger (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT    NOT NULL CHECK (kind IN ('manifest', 'package', 'hour', 'tombstone')),
    subject  TEXT,              -- manifest and tombstone: the folder below evidence/; package: its id
    made_at  INTEGER NOT NULL,
    previous TEXT    NOT NULL,
    digest   TEXT    NOT NULL,  -- SHA-256 of the envelope
    envelope BLOB    NOT NULL   -- the signed document, exactly as it was signed
) STRICT;
CREATE INDEX ledger_of_subject ON ledger (subject, number) WHERE subject IS NOT NULL;
CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER ledger_is_not_forgotten BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER ledger_is_not_replaced BEFORE INSERT ON ledger
    WHEN EXISTS (SELECT 1 FROM ledger WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;

-- The lists that the documents of hours name by their digest: what was recorded, a line a file as `sha256sum` writes
-- it, and what went and what was found missing, a path a line.
CREATE TABLE ledger_lists (
    sha256  TEXT    NOT NULL,
    link    INTEGER NOT NULL REFERENCES ledger (number),
    what    TEXT    NOT NULL CHECK (what IN ('recorded', 'gone', 'missing')),
    camera  TEXT    NOT NULL,
    stream  TEXT    NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (link, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_lists_of_stream ON ledger_lists (camera, stream, what, from_ms);
