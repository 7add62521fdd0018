-- Searches that people keep, each the query of a page's address.
CREATE TABLE saved_search (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    shared boolean NOT NULL DEFAULT false,
    query text NOT NULL CHECK (octet_length(query) <= 4096),
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX saved_search_name ON saved_search (account_id, lower(name));
CREATE INDEX saved_search_shared ON saved_search (lower(name)) WHERE shared;
