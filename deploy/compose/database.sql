-- Run once, on an empty database: the role that the nodes use, and its database.
\set password `cat /run/secrets/role-password`
CREATE ROLE keyholt LOGIN PASSWORD :'password';
CREATE DATABASE keyholt OWNER keyholt;
REVOKE ALL ON DATABASE keyholt FROM PUBLIC;
