-- Subject × action × (cluster, resource pattern) × expiry, beside what the role already gives.
CREATE TABLE access_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    action text NOT NULL,
    cluster text NOT NULL,
    resource text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX access_grant_account ON access_grant (account_id);
