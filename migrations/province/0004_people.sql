-- Who may sign in.
CREATE TABLE people (
    name         TEXT PRIMARY KEY,
    full_name    TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    own_rights   TEXT,              -- JSON list; none: those of the role
    only_these   TEXT,              -- JSON list of cameras (at the province: centres); none: all
    password     TEXT    NOT NULL,  -- argon2id, in the PHC form
    must_change  INTEGER NOT NULL,
    disabled     INTEGER NOT NULL DEFAULT 0,
    made_at      INTEGER NOT NULL,
    signed_in_at INTEGER
) STRICT;

-- What was done: only added to. Each entry has the digest of the one before it.
CREATE TABLE audit (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT,
    detail   TEXT    NOT NULL,      -- JSON, exactly as it was hashed
    previous TEXT    NOT NULL,
    hash     TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_of_person ON audit (who, number);
CREATE INDEX audit_of_action ON audit (action, number);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_not_forgotten BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- REPLACE would remove a row without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
