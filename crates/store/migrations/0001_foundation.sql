-- The foundation: keys, identity, secrets, audit.
--
-- {{blob}}, {{text}} and {{clustered}} stand for what SQLite and PostgreSQL say differently (src/dialect.rs).
-- Ids are 16 bytes, whose byte order is the order of the ids. Times are microseconds since 1970.

CREATE TABLE deployment (
    id {{blob}} NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    -- Sealed under the root key: opens with the right one only.
    check_value {{blob}} NOT NULL
);

CREATE TABLE ring_keys (
    generation BIGINT NOT NULL PRIMARY KEY,
    wrapped {{blob}} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE orgs (
    id {{blob}} NOT NULL PRIMARY KEY,
    name {{text}} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE org_keys (
    org_id {{blob}} NOT NULL REFERENCES orgs (id),
    generation BIGINT NOT NULL,
    ring_generation BIGINT NOT NULL,
    wrapped {{blob}} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, generation)
);

CREATE TABLE projects (
    org_id {{blob}} NOT NULL REFERENCES orgs (id),
    id {{blob}} NOT NULL,
    name {{text}} NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name)
);

-- Users and service accounts. One principal may be a member of several organisations.
CREATE TABLE principals (
    id {{blob}} NOT NULL PRIMARY KEY,
    kind {{text}} NOT NULL,
    name {{text}} NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE memberships (
    org_id {{blob}} NOT NULL REFERENCES orgs (id),
    principal_id {{blob}} NOT NULL REFERENCES principals (id),
    rights BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, principal_id)
);

CREATE TABLE api_keys (
    id {{blob}} NOT NULL PRIMARY KEY,
    -- HMAC of the key's text under a key that is not in the database.
    mac {{blob}} NOT NULL UNIQUE,
    ring_generation BIGINT NOT NULL,
    principal_id {{blob}} NOT NULL REFERENCES principals (id),
    project_org_id {{blob}} NOT NULL,
    project_id {{blob}} NOT NULL,
    name {{text}} NOT NULL,
    shown {{text}} NOT NULL,
    operator BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by {{blob}},
    expires_at BIGINT,
    revoked_at BIGINT,
    -- MAC over everything that decides what the key may do: not to be forged in the database.
    proof {{blob}} NOT NULL,
    version BIGINT NOT NULL,
    FOREIGN KEY (project_org_id, project_id) REFERENCES projects (org_id, id)
);

CREATE TABLE api_key_grants (
    org_id {{blob}} NOT NULL REFERENCES orgs (id),
    api_key_id {{blob}} NOT NULL REFERENCES api_keys (id),
    rights BIGINT NOT NULL,
    PRIMARY KEY (org_id, api_key_id)
) {{clustered}};
CREATE INDEX api_key_grants_by_key ON api_key_grants (api_key_id);

-- The collection is the organisation's own id for its secrets, a project's id for the project's.
CREATE TABLE secrets (
    org_id {{blob}} NOT NULL,
    collection_id {{blob}} NOT NULL,
    id {{blob}} NOT NULL,
    version BIGINT NOT NULL,
    name {{text}} NOT NULL,
    kind {{text}},
    created_at BIGINT NOT NULL,
    created_by {{blob}} NOT NULL,
    updated_at BIGINT,
    updated_by {{blob}} NOT NULL,
    value_version BIGINT NOT NULL,
    value_hash {{blob}} NOT NULL,
    value_updated_at BIGINT,
    value_updated_by {{blob}},
    ttl_seconds BIGINT,
    expires_at BIGINT,
    key_generation BIGINT NOT NULL,
    -- Metadata, description and preview, sealed; opening it proves every column above.
    details {{blob}} NOT NULL,
    PRIMARY KEY (org_id, collection_id, id)
) {{clustered}};
CREATE UNIQUE INDEX secrets_by_name ON secrets (org_id, collection_id, name);
CREATE INDEX secrets_by_kind ON secrets (org_id, collection_id, kind, id) WHERE kind IS NOT NULL;
CREATE INDEX secrets_by_expiry ON secrets (expires_at) WHERE expires_at IS NOT NULL;

-- Every version of a value that is kept, each under a key of its own.
CREATE TABLE secret_values (
    org_id {{blob}} NOT NULL,
    collection_id {{blob}} NOT NULL,
    secret_id {{blob}} NOT NULL,
    value_version BIGINT NOT NULL,
    wrapped_key {{blob}} NOT NULL,
    sealed {{blob}} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, collection_id, secret_id, value_version),
    FOREIGN KEY (org_id, collection_id, secret_id) REFERENCES secrets (org_id, collection_id, id) ON DELETE CASCADE
) {{clustered}};

-- One chain for each start of a node; the chain's MAC covers all columns and the record before.
CREATE TABLE audit_events (
    chain_id {{blob}} NOT NULL,
    seq BIGINT NOT NULL,
    id {{blob}} NOT NULL,
    at BIGINT NOT NULL,
    org_id {{blob}},
    request_id {{blob}},
    api_key_id {{blob}},
    principal_id {{blob}},
    address {{text}},
    action {{text}} NOT NULL,
    subject_kind {{text}} NOT NULL,
    subject_id {{blob}} NOT NULL,
    subject_name {{text}} NOT NULL,
    outcome {{text}} NOT NULL,
    ring_generation BIGINT NOT NULL,
    mac {{blob}} NOT NULL,
    PRIMARY KEY (chain_id, seq)
) {{clustered}};
CREATE INDEX audit_events_by_org ON audit_events (org_id, id);
