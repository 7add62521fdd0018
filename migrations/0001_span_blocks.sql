-- Spans, packed: one row a commit. Partitioned by the UTC day of arrival, so that the absurd times
-- that senders claim never make a partition.
CREATE SEQUENCE block_id AS bigint;

CREATE TABLE span_block (
    day date NOT NULL,
    -- Hash of the trace id modulo 64 on a distributed Postgres; always 0 on a plain one.
    lane smallint NOT NULL,
    -- From block_id, drawn under the shared append lock: the order in which readers follow.
    id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    spans integer NOT NULL,
    -- Earliest and latest start that the spans claim, nanoseconds since 1970.
    first_start bigint NOT NULL,
    last_start bigint NOT NULL,
    -- Where each frame ends in `frames`, bytes.
    frame_ends integer[] NOT NULL,
    frames bytea NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);

-- Already compressed: Postgres must not try again, and a slice must be readable alone.
ALTER TABLE span_block ALTER COLUMN frames SET STORAGE EXTERNAL;
