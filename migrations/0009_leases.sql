-- Who does what alone, among several processes on one database. Times are the database's.
CREATE TABLE lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    -- Grows with each change of holder: a late writer is recognised by an old one.
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
