-- Exceptional messages have rows of their own: cost is proportional to trouble, not to traffic.
CREATE TABLE troubled_journey (
    -- SHA-256 of `id`: ids hold senders' names and have no bound that a btree would take.
    key bytea PRIMARY KEY,
    id text NOT NULL,
    state text NOT NULL,
    system text NOT NULL,
    cluster text,
    destination text,
    groups text[] NOT NULL,
    services text[] NOT NULL,
    message_key text,
    message_id text,
    error_type text,
    error_message text,
    fingerprint text,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    total_ms double precision,
    -- JourneySummary as JSON. Text, because jsonb refuses the NUL that a sender may write.
    summary text NOT NULL
);

CREATE INDEX troubled_journey_started ON troubled_journey (started_at DESC, key);
CREATE INDEX troubled_journey_updated ON troubled_journey (updated_at);
CREATE INDEX troubled_journey_fingerprint ON troubled_journey (fingerprint, started_at DESC)
    WHERE fingerprint IS NOT NULL;

CREATE TABLE troubled_attempt (
    key bytea NOT NULL REFERENCES troubled_journey (key) ON DELETE CASCADE,
    -- Over all groups, in order of start, from 1.
    position integer NOT NULL,
    group_name text,
    n integer NOT NULL,
    started_at timestamptz NOT NULL,
    destination text,
    service text NOT NULL,
    instance text,
    version text,
    error_type text,
    first_frame text,
    message text,
    delay_before_ms double precision NOT NULL,
    PRIMARY KEY (key, position)
);

-- How far the finder of exceptional messages has read.
CREATE TABLE finder_position (
    name text PRIMARY KEY,
    block bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
