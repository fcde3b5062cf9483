-- Several nodes on one database, and copies of a store.

-- How often it was changed who may do what: the sum of all rows. Several of them, so that such changes do not wait for
-- each other; which one a change counts up says nothing.
CREATE TABLE epochs (
    id BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
);
INSERT INTO epochs (id, epoch) VALUES
    (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0),
    (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0);

-- A store that another one is being copied into, and that is not yet whole: the installation that it is a copy of.
CREATE TABLE unfinished_copies (
    deployment_id {{blob}} NOT NULL PRIMARY KEY
);
