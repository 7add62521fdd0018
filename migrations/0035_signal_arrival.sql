-- Logs and metric points are looked up by when they arrived (server/store/src/signals/mod.rs).
CREATE INDEX signal_block_arrival ON signal_block (kind, received_at);

COMMENT ON COLUMN signal_block.terms IS
    'Sorted: traces of the logs inside; services and instances of logs without a trace and of metric
    points. Empty for metrics of a version that wrote none.';
