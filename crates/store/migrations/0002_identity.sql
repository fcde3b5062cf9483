-- Identity: members that can be suspended, tokens' subjects, projects that can be deleted, narrowed API keys, when they
-- were last used, and how often something was refused.

ALTER TABLE principals ADD COLUMN email {{text}};
-- Whose tokens stand for it, and the subject that they name; both or neither.
ALTER TABLE principals ADD COLUMN issuer {{text}};
ALTER TABLE principals ADD COLUMN subject {{text}};
CREATE UNIQUE INDEX principals_by_subject ON principals (issuer, subject) WHERE issuer IS NOT NULL;

ALTER TABLE memberships ADD COLUMN suspended_at BIGINT;
CREATE INDEX memberships_by_principal ON memberships (principal_id);

-- A deleted project stays, since API keys name it; its name is free again.
ALTER TABLE projects ADD COLUMN deleted_at BIGINT;

-- What narrows the key, as keyholt_types::Restrictions is stored; covered by the proof.
ALTER TABLE api_keys ADD COLUMN restrictions {{text}} NOT NULL DEFAULT '';
CREATE INDEX api_keys_by_principal ON api_keys (principal_id, id);
CREATE INDEX api_keys_by_project ON api_keys (project_org_id, project_id);

-- Beside the keys, whose rows are proven and do not change with each use.
CREATE TABLE api_key_uses (
    api_key_id {{blob}} NOT NULL PRIMARY KEY REFERENCES api_keys (id),
    last_used_at BIGINT NOT NULL
) {{clustered}};

ALTER TABLE audit_events ADD COLUMN count BIGINT NOT NULL DEFAULT 1;
