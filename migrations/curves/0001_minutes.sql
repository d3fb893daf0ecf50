-- What was heard and seen, second by second: for time lines. It can be lost.
CREATE TABLE minutes (
    camera TEXT    NOT NULL,
    -- Minutes since 1970, by the wall clock.
    minute INTEGER NOT NULL,
    -- 60 bytes of levels and 60 of people (src/curve/minute.rs).
    seconds BLOB   NOT NULL,
    PRIMARY KEY (camera, minute)
) WITHOUT ROWID;
CREATE INDEX minutes_by_age ON minutes (minute);
