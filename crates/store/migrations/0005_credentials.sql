-- How many credentials for a short time an API key has that are valid, without reading those that have ended.
CREATE INDEX api_keys_by_parent_and_end ON api_keys (parent_id, expires_at)
    WHERE parent_id IS NOT NULL AND revoked_at IS NULL;
