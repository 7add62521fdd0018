-- Logs that carry a trace id and the metrics that are kept, packed like spans: one row a commit.
CREATE TABLE signal_block (
    day date NOT NULL,
    lane smallint NOT NULL,
    id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    -- 1 logs, 2 metric points.
    kind smallint NOT NULL,
    records integer NOT NULL,
    -- Sorted trace terms of the logs inside; empty for metrics.
    terms bigint[] NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);

ALTER TABLE signal_block ALTER COLUMN payload SET STORAGE EXTERNAL;
