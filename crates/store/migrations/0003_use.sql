-- Use: credentials for a short time, and how much was used.

-- The API key that made it and ends with it; covered by the proof, as the model is.
ALTER TABLE api_keys ADD COLUMN parent_id {{blob}} REFERENCES api_keys (id);
-- The only model that it may be used for.
ALTER TABLE api_keys ADD COLUMN model {{text}};
-- Whoever deletes an API key must see that it is nobody's parent, without reading all of them.
CREATE INDEX api_keys_by_parent ON api_keys (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX api_keys_by_end ON api_keys (expires_at) WHERE parent_id IS NOT NULL;

-- Totals of each API key's use of each secret. Credentials for a short time count as the keys that made them.
CREATE TABLE usage (
    org_id {{blob}} NOT NULL REFERENCES orgs (id),
    secret_id {{blob}} NOT NULL,
    api_key_id {{blob}} NOT NULL,
    requests BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    last_status BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, secret_id, api_key_id)
) {{clustered}};
CREATE INDEX usage_by_key ON usage (org_id, api_key_id);
