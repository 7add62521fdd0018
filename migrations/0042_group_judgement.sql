-- What is judged of a group at its last reading; null: nobody has judged it yet. What lists are narrowed and
-- sorted by stands in columns of its own.
ALTER TABLE group_line
    ADD COLUMN verdict text,
    -- When the oldest message that waits was written: lag in time is counted from here on reading, so that
    -- a group that stands is not written again at each reading.
    ADD COLUMN behind_since timestamptz,
    -- Null: it does not drain, or it is not known.
    ADD COLUMN drain_ms double precision,
    -- When the first message is dropped that was not read.
    ADD COLUMN loss_at timestamptz,
    -- All of it, JSON (server/model/src/judgement.rs), but its partitions, which lists do not read.
    ADD COLUMN judgement text,
    ADD COLUMN judged_partitions text;
