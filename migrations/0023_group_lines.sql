-- What lists of consumer groups sort and filter by: a row for each group that a broker told.
CREATE TABLE group_line (
    -- Hash of cluster, namespace and name.
    key bigint PRIMARY KEY,
    cluster text NOT NULL,
    system text NOT NULL,
    namespace text,
    name text NOT NULL,
    kind text NOT NULL,
    state text,
    coordinator text,
    members bigint,
    destinations text[] NOT NULL,
    partitions bigint NOT NULL,
    -- Null where it is not known on every partition.
    lag_messages bigint,
    -- On the partitions where it is known.
    lag_known_messages bigint NOT NULL,
    unknown_partitions bigint NOT NULL,
    out_per_s double precision,
    figures_at timestamptz,
    missing_since timestamptz
) WITH (fillfactor = 70);

CREATE INDEX group_line_cluster ON group_line (cluster);
