-- Figures of groups (lag) and destinations (depth) by minute and by hour, keyed as their lines are.
-- A minute has a row where something changed or moved, and the first that was read of each hour:
-- between two rows the figure stood. An hour has a row for whatever was read in it.
CREATE TABLE reading_minute (
    day date NOT NULL,
    object bigint NOT NULL,
    start timestamptz NOT NULL,
    -- Null: not known.
    least bigint,
    greatest bigint,
    last bigint,
    -- Messages that came in and went out; null: not known for all of the time.
    received bigint,
    removed bigint,
    PRIMARY KEY (object, start, day)
) PARTITION BY RANGE (day);

CREATE TABLE reading_hour (
    day date NOT NULL,
    object bigint NOT NULL,
    start timestamptz NOT NULL,
    least bigint,
    greatest bigint,
    last bigint,
    received bigint,
    removed bigint,
    PRIMARY KEY (object, start, day)
) PARTITION BY RANGE (day);
