-- Of a database that was restored from a copy: the life that it goes on from, and the last document of that.
ALTER TABLE meta ADD COLUMN follows_epoch TEXT;
ALTER TABLE meta ADD COLUMN follows_number INTEGER;
