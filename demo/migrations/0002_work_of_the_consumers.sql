-- What makes the consumers idempotent: a message is claimed in the transaction that does its work.
CREATE TABLE processed (
    service      text NOT NULL,
    message_id   text NOT NULL,
    order_id     text NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, message_id)
);

CREATE INDEX processed_order ON processed (order_id);

CREATE TABLE reservation (
    order_id text PRIMARY KEY,
    sku      text NOT NULL,
    quantity integer NOT NULL
);

CREATE TABLE payment (
    order_id   text PRIMARY KEY,
    cents      bigint NOT NULL,
    tries      integer NOT NULL,
    captured   boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
