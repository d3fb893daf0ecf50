-- More that somebody wants in a package: content credentials in the films, and stills of moments (JSON, RFC 3339).
ALTER TABLE exports ADD COLUMN c2pa INTEGER NOT NULL DEFAULT 0 CHECK (c2pa IN (0, 1));
ALTER TABLE exports ADD COLUMN stills TEXT NOT NULL DEFAULT '[]';
