-- Where the partitions of a destination begin and end, packed (server/store/src/topology/ends.rs). Apart
-- from the line: lists do not read it.
CREATE TABLE destination_ends (
    key bigint PRIMARY KEY REFERENCES destination_line (key) ON DELETE CASCADE,
    payload bytea NOT NULL
);

ALTER TABLE destination_ends ALTER COLUMN payload SET STORAGE EXTERNAL;
