-- How the polling of each cluster goes, and what its broker told last. A refusal changes its columns
-- and leaves what was told before as it is.
CREATE TABLE cluster_poll (
    -- As the configuration names it, at most 64 characters.
    cluster text PRIMARY KEY,
    system text NOT NULL,
    interval_ms bigint NOT NULL,
    topology_every_ms bigint NOT NULL,
    -- Of the last good answers.
    topology_at timestamptz,
    readings_at timestamptz,
    -- Null once everything is answered again.
    refused_at timestamptz,
    refused_reason text,
    refused_detail text,
    refused_hint text,
    -- JSON; null while nobody has told.
    missing_rights text
);
