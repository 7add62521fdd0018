-- Which terms a segment surely does not hold (server/store/src/blocks/filter.rs), so that a look-up
-- probes few segments. NULL: none is kept; the segment is probed.
ALTER TABLE term_segment ADD COLUMN filter bytea;
ALTER TABLE term_segment ALTER COLUMN filter SET STORAGE EXTERNAL;
