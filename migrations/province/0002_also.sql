-- Which other cameras see the same incident: a JSON list of camera ids.
ALTER TABLE incidents ADD COLUMN also TEXT NOT NULL DEFAULT '[]';
