-- The last topology of each cluster, packed (server/store/src/topology/packed.rs). `version` grows
-- with each change: whoever has read one version need not read it again.
CREATE TABLE cluster_topology (
    cluster text PRIMARY KEY,
    version bigint NOT NULL,
    payload bytea NOT NULL
);

ALTER TABLE cluster_topology ALTER COLUMN payload SET STORAGE EXTERNAL;
