-- Faults that are switched on; every service reads this table a few times a second.
CREATE TABLE fault (
    name    text PRIMARY KEY,
    setting jsonb NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT now()
);
