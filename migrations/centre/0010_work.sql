-- How far people are with an incident.
ALTER TABLE incidents ADD COLUMN work TEXT NOT NULL DEFAULT 'new';
ALTER TABLE incidents ADD COLUMN owner TEXT;
ALTER TABLE incidents ADD COLUMN outcome TEXT;
ALTER TABLE incidents ADD COLUMN worked_at INTEGER;
