-- Lines are only ever added. `hash` covers the hash before and the line, so a changed or missing
-- line shows.
CREATE TABLE audit_line (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('allowed', 'denied')),
    detail text NOT NULL,
    hash bytea NOT NULL
);

CREATE INDEX audit_line_at ON audit_line (at);

CREATE FUNCTION audit_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_line_rows BEFORE UPDATE OR DELETE ON audit_line
    FOR EACH ROW EXECUTE FUNCTION audit_line_refuse();
CREATE TRIGGER audit_line_table BEFORE TRUNCATE ON audit_line
    FOR EACH STATEMENT EXECUTE FUNCTION audit_line_refuse();

-- Also when triggers are off for replication.
ALTER TABLE audit_line ENABLE ALWAYS TRIGGER audit_line_rows;
ALTER TABLE audit_line ENABLE ALWAYS TRIGGER audit_line_table;
