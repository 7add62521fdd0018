-- Positions and lag of a group on all its partitions at one moment, packed
-- (server/store/src/readings/packed.rs). A row only where something changed, and the first of each
-- hour; partitioned by the UTC day of reading.
CREATE TABLE group_reading (
    day date NOT NULL,
    -- As in group_line.
    group_key bigint NOT NULL,
    at timestamptz NOT NULL,
    partitions integer NOT NULL,
    lag_messages bigint,
    payload bytea NOT NULL,
    PRIMARY KEY (group_key, at, day)
) PARTITION BY RANGE (day);

ALTER TABLE group_reading ALTER COLUMN payload SET STORAGE EXTERNAL;
