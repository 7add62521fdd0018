-- What lists of destinations sort and filter by: a row for each destination that a broker told.
CREATE TABLE destination_line (
    -- Hash of cluster, namespace, kind and name.
    key bigint PRIMARY KEY,
    -- Hash of system and name: what spans tell of a destination.
    place bigint NOT NULL,
    cluster text NOT NULL,
    system text NOT NULL,
    namespace text,
    name text NOT NULL,
    kind smallint NOT NULL,
    role smallint NOT NULL,
    partitions bigint,
    depth_messages bigint,
    -- The greatest of its groups.
    lag_messages bigint,
    in_per_s double precision,
    out_per_s double precision,
    consumers bigint,
    stored_bytes bigint,
    groups bigint NOT NULL,
    findings bigint NOT NULL,
    -- Null: nobody told.
    dead_letters text[],
    -- When the figures were told; null: at the cluster's last good reading.
    figures_at timestamptz,
    -- Since then the broker leaves it out, while it cannot tell everything.
    missing_since timestamptz
) WITH (fillfactor = 70);

CREATE INDEX destination_line_place ON destination_line (place);
CREATE INDEX destination_line_cluster ON destination_line (cluster);
