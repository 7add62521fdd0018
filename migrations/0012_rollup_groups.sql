-- The consumer group of a roll-up's spans, by the broker's own name; null: no span tells it. Rows that
-- tell it have a key of their own (the hash takes the group in), those that do not keep theirs.
ALTER TABLE destination_minute ADD COLUMN group_name text;
