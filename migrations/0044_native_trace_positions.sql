-- How far the trace that a cluster's own clients write was read: written in one transaction with the
-- spans that were made of it, so that nothing of it is stored twice or left out.
CREATE TABLE native_trace_position (
    cluster text PRIMARY KEY,
    -- Parallel to `next`.
    partitions text[] NOT NULL,
    next bigint[] NOT NULL,
    -- Where a partition begins that is not among them: the same from the first reading on.
    first_at timestamptz NOT NULL,
    -- Grows with each change: of two readers the one that comes later writes nothing.
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
