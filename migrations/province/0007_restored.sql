-- Of a centre whose database was restored from a copy: the chain that this one goes on from, and its own first number.
ALTER TABLE chains ADD COLUMN follows TEXT;
ALTER TABLE chains ADD COLUMN begins INTEGER NOT NULL DEFAULT 1;
