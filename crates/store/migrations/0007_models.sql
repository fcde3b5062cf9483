-- 1 where a secret's metadata may name models, so that it may serve others than its type does, and NULL where they name none.
-- Who looks for the secrets that serve a model opens the former and those of the types that serve it, and no others. What
-- was written before may name some.
ALTER TABLE secrets ADD COLUMN names_models BIGINT DEFAULT 1;
CREATE INDEX secrets_naming_models ON secrets (org_id, collection_id, names_models, id) WHERE names_models IS NOT NULL;
