-- What people said and did about incidents, here and at the province; never changed, only added to.
CREATE TABLE handling (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL REFERENCES incidents (id),
    at       INTEGER NOT NULL,
    place    TEXT NOT NULL CHECK (place IN ('centre', 'province')),
    who      TEXT NOT NULL,
    action   TEXT NOT NULL CHECK (action IN ('acknowledge', 'comment', 'close')),
    outcome  TEXT CHECK (outcome IN ('real', 'false-alarm', 'test')),
    note     TEXT NOT NULL
) STRICT;

CREATE INDEX handling_of_incident ON handling (incident, number);

-- Whether the province asked for it: then it leaves, also a notice.
ALTER TABLE incidents ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;

-- What was asked for, so that the book shows which footage of whom, and why.
ALTER TABLE commands ADD COLUMN args TEXT NOT NULL DEFAULT '{}';
