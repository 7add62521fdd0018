-- The minutes in which a cluster was read: tells a figure that stood from one that nobody read.
CREATE TABLE cluster_minute (
    day date NOT NULL,
    cluster text NOT NULL,
    start timestamptz NOT NULL,
    readings integer NOT NULL,
    PRIMARY KEY (cluster, start, day)
) PARTITION BY RANGE (day);
