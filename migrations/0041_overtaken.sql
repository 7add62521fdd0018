-- Journeys of later messages of the same key that a group finished before this one; the first few.
ALTER TABLE troubled_journey ADD COLUMN overtaken_by text[] NOT NULL DEFAULT '{}';
