-- When messages were last seen to come into a queue and to be taken from it, by its broker's counters.
-- Of what holds nothing itself: since when its routes are watched, and when one was last seen to go.
ALTER TABLE destination_line
    -- Null: no counter was told.
    ADD COLUMN received_at timestamptz,
    -- Null beside a `received_at`: nothing was ever taken.
    ADD COLUMN taken_at timestamptz;
