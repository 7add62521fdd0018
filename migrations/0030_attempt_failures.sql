-- What a failed attempt is counted under. NULL: it did not fail, or an older version wrote it.
ALTER TABLE troubled_attempt ADD COLUMN fingerprint text;
-- Where no span names an error: what else says that it failed (redelivered, retried, …).
ALTER TABLE troubled_attempt ADD COLUMN evidence text;
-- The rule that tells why, such as connection_pool_exhausted.
ALTER TABLE troubled_attempt ADD COLUMN cause text;
-- A message without an attempt: what says that it is in trouble.
ALTER TABLE troubled_journey ADD COLUMN evidence text;
