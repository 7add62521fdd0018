CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    -- Argon2 in PHC form.
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz
);

CREATE UNIQUE INDEX account_name ON account (lower(name));

-- Only hashes of secrets are stored: a copy of the database opens nothing.
CREATE TABLE session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret_hash bytea NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- When the password was last given: some actions ask that this be recent.
    authenticated_at timestamptz NOT NULL,
    idle_seconds bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX session_account ON session (account_id);

CREATE TABLE token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret_hash bytea NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    purpose text NOT NULL CHECK (purpose IN ('api', 'ingest')),
    account_id bigint REFERENCES account (id) ON DELETE CASCADE,
    -- At most this much of what the account may do.
    role text CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    CHECK (purpose = 'ingest' OR account_id IS NOT NULL)
);

CREATE INDEX token_account ON token (account_id);

-- One row at most: the link that makes the first administrator.
CREATE TABLE setup_link (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
