-- Failed attempts as they are counted: narrow rows beside the retry history, so that adding up a
-- hundred thousand of them reads no text.

-- Where a kind of failure was seen, each once. Rows are few: they go when none was seen for as long
-- as troubled journeys are kept.
CREATE TABLE failure_place (
    -- A hash of all that follows up to `cause`.
    place bigint PRIMARY KEY,
    -- A hash of `fingerprint`.
    failure bigint NOT NULL,
    fingerprint text NOT NULL,
    -- NULL: the fingerprint is of an error that a span names.
    evidence text,
    error_type text,
    first_frame text,
    system text NOT NULL,
    -- Of the message, not of the hop: who may see the message may see its failure.
    cluster text,
    destination text,
    group_name text,
    service text,
    version text,
    cause text,
    -- Of the failure that was written last.
    cause_sentence text,
    message text,
    seen_at timestamptz NOT NULL
);

CREATE INDEX failure_place_failure ON failure_place (failure);
CREATE INDEX failure_place_seen ON failure_place (seen_at);

CREATE TABLE failed_attempt (
    key bytea NOT NULL REFERENCES troubled_journey (key) ON DELETE CASCADE,
    -- As in troubled_attempt; 0: the message failed without an attempt.
    position integer NOT NULL,
    place bigint NOT NULL,
    failure bigint NOT NULL,
    -- The first eight bytes of `key`.
    journey bigint NOT NULL,
    -- JourneyState in its order.
    state smallint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (key, position)
);

CREATE INDEX failed_attempt_failure ON failed_attempt (failure, at DESC);
