-- Secrets by name, with the name first. Where the index began with the organisation and the collection, as the primary key
-- does, PostgreSQL took it for look-ups by id too, and read all names, until there were statistics that told the two apart.
DROP INDEX secrets_by_name;
CREATE UNIQUE INDEX secrets_by_name ON secrets (name, collection_id, org_id);
