-- What the finder of exceptional messages reads of a block instead of its spans: the traces that
-- tell of trouble, and hashes of all traces touched (server/store/src/blocks/marks.rs). NULL: written
-- by a version that did not know of it; the finder reads the spans then.
ALTER TABLE span_block ADD COLUMN marks bytea;
-- Hashes do not compress.
ALTER TABLE span_block ALTER COLUMN marks SET STORAGE EXTERNAL;
