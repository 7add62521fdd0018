-- What people say of a kind of failure.
CREATE TABLE failure_group (
    fingerprint text PRIMARY KEY,
    owner text,
    note text,
    muted_until timestamptz,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
