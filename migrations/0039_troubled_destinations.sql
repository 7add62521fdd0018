-- A message in trouble is also looked for by the retry or dead-letter destination that it was put to.
ALTER TABLE troubled_journey ADD COLUMN destinations text[] NOT NULL DEFAULT '{}';
