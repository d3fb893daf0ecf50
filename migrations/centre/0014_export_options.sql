-- What somebody wants in a package beside the films: the sound as WAV, and the recorded files themselves.
ALTER TABLE exports ADD COLUMN wav INTEGER NOT NULL DEFAULT 0 CHECK (wav IN (0, 1));
ALTER TABLE exports ADD COLUMN originals INTEGER NOT NULL DEFAULT 0 CHECK (originals IN (0, 1));
