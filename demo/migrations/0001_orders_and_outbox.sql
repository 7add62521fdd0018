-- An order and the message that announces it are written in one transaction.
CREATE TABLE orders (
    order_id    text PRIMARY KEY,
    customer_id text NOT NULL,
    sku         text NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    total_cents bigint NOT NULL,
    card        text NOT NULL,
    placed_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE outbox (
    outbox_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text NOT NULL,
    key        text NOT NULL,
    headers    jsonb NOT NULL, -- text to text; holds the trace context of the creation
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sends      integer NOT NULL DEFAULT 0,
    sent_at    timestamptz
);

CREATE INDEX outbox_waiting ON outbox (outbox_id) WHERE sent_at IS NULL;
