-- The index of spans: sorted (term, block, group of spans) entries, packed in pages. A commit writes one
-- segment of level 0; the merger folds 32 of a level into one of the next.
CREATE TABLE term_segment (
    day date NOT NULL,
    lane smallint NOT NULL,
    -- Level 0: the id of its block.
    id bigint NOT NULL,
    level smallint NOT NULL,
    entries bigint NOT NULL,
    pages integer NOT NULL,
    -- Entries tell blocks as distances from this one.
    first_block bigint NOT NULL,
    -- Arrival of its blocks, both ends inclusive.
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- Roll-ups of the commit, until the merger folds them into destination_minute.
    rollups bytea,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);

ALTER TABLE term_segment ALTER COLUMN rollups SET STORAGE EXTERNAL;

CREATE TABLE term_page (
    day date NOT NULL,
    segment bigint NOT NULL,
    -- All entries of a term lie in the pages with the greatest first_term not above it.
    first_term bigint NOT NULL,
    -- Position within a term that fills more than one page, from 0; `run` is how many there are.
    page integer NOT NULL,
    run integer NOT NULL,
    entries bytea NOT NULL
) PARTITION BY RANGE (day);

-- Pages are at most 7.8 kB and stay in the row: a look-up is one btree probe and one heap page.
ALTER TABLE term_page ALTER COLUMN entries SET STORAGE PLAIN;

CREATE INDEX term_page_probe ON term_page (segment, first_term DESC, page);
