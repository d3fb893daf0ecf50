-- How far people are with an incident. Written together with the entry of its history.
ALTER TABLE incidents ADD COLUMN work TEXT NOT NULL DEFAULT 'new' CHECK (work IN ('new', 'seen', 'in-hand', 'closed'));
ALTER TABLE incidents ADD COLUMN owner TEXT;
ALTER TABLE incidents ADD COLUMN outcome TEXT CHECK (outcome IN ('real', 'false-alarm', 'test'));
ALTER TABLE incidents ADD COLUMN worked_at INTEGER;

CREATE INDEX incidents_unfinished ON incidents (flagged_at, id) WHERE work != 'closed';

-- More can be done about one, and be said of whom.
CREATE TABLE handling_with_more (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL REFERENCES incidents (id),
    at       INTEGER NOT NULL,
    place    TEXT NOT NULL CHECK (place IN ('centre', 'province')),
    who      TEXT NOT NULL,
    action   TEXT NOT NULL
             CHECK (action IN ('see', 'take', 'assign', 'comment', 'close', 'reopen', 'acknowledge')),
    outcome  TEXT CHECK (outcome IN ('real', 'false-alarm', 'test')),
    owner    TEXT,
    note     TEXT NOT NULL
) STRICT;
INSERT INTO handling_with_more (number, incident, at, place, who, action, outcome, note)
    SELECT number, incident, at, place, who, action, outcome, note FROM handling;
DELETE FROM sqlite_sequence WHERE name = 'handling_with_more';
INSERT INTO sqlite_sequence (name, seq) SELECT 'handling_with_more', seq FROM sqlite_sequence WHERE name = 'handling';
DROP TABLE handling;
ALTER TABLE handling_with_more RENAME TO handling;
CREATE INDEX handling_of_incident ON handling (incident, number);

UPDATE incidents SET work = 'closed',
    outcome = (SELECT outcome FROM handling WHERE incident = incidents.id AND action = 'close'
               ORDER BY number DESC LIMIT 1),
    worked_at = (SELECT at FROM handling WHERE incident = incidents.id ORDER BY number DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM handling WHERE incident = incidents.id AND action = 'close');
