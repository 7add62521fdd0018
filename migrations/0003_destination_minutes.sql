-- Roll-ups: what lists and charts read instead of spans. One row a minute and group of spans, for
-- each day of arrival (a minute near midnight may stand under two days; readers add them up).
CREATE TABLE destination_minute (
    day date NOT NULL,
    minute timestamptz NOT NULL,
    -- Hash of system, destination, role, service and operation.
    key bigint NOT NULL,
    system text NOT NULL,
    destination text NOT NULL,
    role smallint NOT NULL,
    service text NOT NULL,
    operation smallint NOT NULL,
    spans bigint NOT NULL,
    failed bigint NOT NULL,
    last_at bigint NOT NULL,
    -- Packed counts of the fixed duration buckets (server/store/src/rollup/histogram.rs).
    durations bytea NOT NULL,
    PRIMARY KEY (minute, key, day)
) PARTITION BY RANGE (day);
