-- How an export stands. Those that pages ask for are kept at the centre (`here`) until `gone_at`; those of the command
-- go wherever its caller wants them.
ALTER TABLE exports ADD COLUMN stream TEXT NOT NULL DEFAULT 'main';
ALTER TABLE exports ADD COLUMN state TEXT NOT NULL DEFAULT 'running'
    CHECK (state IN ('waiting', 'running', 'whole', 'failed', 'deleted'));
ALTER TABLE exports ADD COLUMN problem TEXT;
ALTER TABLE exports ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exports ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exports ADD COLUMN gone_at INTEGER;
ALTER TABLE exports ADD COLUMN here INTEGER NOT NULL DEFAULT 0;
UPDATE exports SET state = iif(finished_at IS NULL, 'failed', 'whole');

CREATE INDEX exports_to_come ON exports (begun_at) WHERE state IN ('waiting', 'running');
