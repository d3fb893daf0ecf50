-- How the work of people on an incident stands, as the newest event that says so tells it.
ALTER TABLE incidents ADD COLUMN work_state TEXT NOT NULL DEFAULT 'new';
ALTER TABLE incidents ADD COLUMN work_owner TEXT;
ALTER TABLE incidents ADD COLUMN work_outcome TEXT;
ALTER TABLE incidents ADD COLUMN work_ms INTEGER;
-- Epoch, sequence and time of that event; none while no event said so.
ALTER TABLE incidents ADD COLUMN work_epoch TEXT;
ALTER TABLE incidents ADD COLUMN work_sequence INTEGER;
ALTER TABLE incidents ADD COLUMN work_time_ms INTEGER;
-- Who at the province acknowledged it first.
ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT;
ALTER TABLE incidents ADD COLUMN acknowledged_ms INTEGER;
-- The files that its events name, as a JSON list of ids: so it shows which are still on the way.
ALTER TABLE incidents ADD COLUMN named_files TEXT NOT NULL DEFAULT '[]';
-- Whether it is raised, once it has waited long enough (src/province/raising.rs): urgent ones, and warnings that
-- nobody has taken.
ALTER TABLE incidents ADD COLUMN raisable INTEGER GENERATED ALWAYS AS
    (severity = 'urgent' OR (severity = 'warning' AND work_state IN ('new', 'seen'))) VIRTUAL;

CREATE INDEX incidents_by_work ON incidents (work_state, flagged_ms DESC, id DESC);
CREATE INDEX incidents_unfinished ON incidents (flagged_ms DESC, id DESC) WHERE work_state <> 'closed';
CREATE INDEX incidents_raisable ON incidents (raisable, flagged_ms DESC, id DESC);
CREATE INDEX incidents_by_kind ON incidents (kind, flagged_ms DESC, id DESC);
CREATE INDEX incidents_by_severity ON incidents (severity, flagged_ms DESC, id DESC);
-- What is counted on every list is read from the index alone.
CREATE INDEX incidents_counted ON incidents (work_state, centre, severity);

-- What people at centres did about incidents, as their events tell it; a set by number.
CREATE TABLE handling (
    centre   TEXT    NOT NULL,
    incident TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,  -- by the centre's clock
    who      TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    outcome  TEXT,
    owner    TEXT,
    note     TEXT    NOT NULL,
    PRIMARY KEY (centre, incident, number)
) STRICT, WITHOUT ROWID;

-- The incident that a command is about, where it acknowledges, comments on or closes one.
ALTER TABLE commands ADD COLUMN incident TEXT;
UPDATE commands SET incident = json_extract(CAST(body AS TEXT), '$.args.incident')
    WHERE action IN ('acknowledge', 'comment', 'close');
CREATE INDEX commands_of_incident ON commands (incident, issued_ms) WHERE incident IS NOT NULL;
UPDATE incidents SET (acknowledged_by, acknowledged_ms) =
    (SELECT actor, issued_ms FROM commands
     WHERE commands.incident = incidents.id AND commands.centre = incidents.centre AND action = 'acknowledge'
     ORDER BY issued_ms LIMIT 1);
