-- What happened to groups, for their charts: rebalances, positions that went back, destinations that were
-- made again. Narrow and few; those older than a month are removed by whoever writes new ones.
CREATE TABLE group_event (
    group_key bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    destination text,
    partition text,
    -- Positions before and after.
    from_offset bigint,
    to_offset bigint
);

CREATE INDEX group_event_at ON group_event (group_key, at);
CREATE INDEX group_event_age ON group_event (at);
