-- When messages were last seen to come into a queue and to be taken from it, by its broker's counters.
-- Of an exchange: since when routes are watched, and when one of its virtual host was last seen to go. Of
-- a log taken_at: when it was seen to have been made again under its name.
ALTER TABLE destination_line
    -- Null: no counter was told.
    ADD COLUMN received_at timestamptz,
    -- Null beside a `received_at`: nothing was ever taken.
    ADD COLUMN taken_at timestamptz,
    -- Since when it holds what it holds now.
    ADD COLUMN held_since timestamptz,
    -- Whether everything that ever came was taken for good; null: not told.
    ADD COLUMN all_taken boolean;
