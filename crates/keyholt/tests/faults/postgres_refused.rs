//! Databases that no server may start on: what is wrong is said in one line, which never repeats the password.

use keyholt_testkit::free_address;
use keyholt_testkit::postgres::{Cluster, TestDatabase};

use crate::setting::{refusal, setup, started};

/// All tables with the number of their rows.
const CONTENT: &str = "SELECT string_agg(relname || ' ' || (xpath('/row/count/text()',
        query_to_xml('SELECT count(*) FROM ' || quote_ident(relname), false, true, '')))[1]::text, ', ' ORDER BY relname)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";

#[test]
fn a_url_that_is_none_is_refused_without_repeating_it() {
    for url in [
        "postgres://me:very-private@db",
        "postgres://me:very-private@127.0.0.1/k?sslmode=maybe",
        "mysql://very-private",
    ] {
        let said = refusal(&setup(url), 2);
        assert!(said.starts_with("database_url: ") && !said.contains("private"), "{said}");
    }
}

#[test]
fn a_wrong_password_is_told_from_a_database_that_is_not_there_and_from_nobody_there() {
    let cluster = Cluster::start().unwrap();
    let (at, url) = (cluster.address().to_string(), cluster.url("postgres"));
    let wrong = url.replace(cluster.password(), "very-private");
    let said = refusal(&setup(&wrong), 1);
    assert!(said.contains(&at) && said.contains("refuses the password of postgres"), "{said}");
    assert!(!said.contains("private"), "{said}");

    let said = refusal(&setup(&cluster.url("missing")), 1);
    assert!(said.contains(&at) && said.contains("has no database missing"), "{said}");
    assert!(!said.contains(cluster.password()), "{said}");

    let nobody = free_address().unwrap().to_string();
    let said = refusal(&setup(&url.replace(&at, &nobody)), 1);
    assert!(said.contains(&nobody) && said.contains("cannot be reached"), "{said}");
    assert!(!said.contains(cluster.password()), "{said}");
}

#[test]
fn a_role_that_may_not_make_tables_is_told_so() {
    let cluster = Cluster::start().unwrap();
    cluster.sql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'very-private'").unwrap();
    let url =
        cluster.url("postgres").replace(cluster.password(), "very-private").replace("//postgres:", "//reader:");
    let said = refusal(&setup(&url), 1);
    assert!(said.contains("permission denied for schema public"), "{said}");
    assert!(said.contains("GRANT it to keyholt's role"), "what to do: {said}");
    assert!(!said.contains("private"), "{said}");
    assert_eq!(cluster.sql("postgres", CONTENT).unwrap(), "", "nothing was made");
}

#[test]
fn a_role_without_a_connection_left_is_told_so() {
    let cluster = Cluster::start().unwrap();
    cluster.sql("postgres", "CREATE ROLE crowd LOGIN SUPERUSER PASSWORD 'very-private'").unwrap();
    // A limit does not hold for superusers.
    cluster
        .sql(
            "postgres",
            "ALTER ROLE crowd NOSUPERUSER CONNECTION LIMIT 0; GRANT CREATE ON SCHEMA public TO crowd",
        )
        .unwrap();
    let url =
        cluster.url("postgres").replace(cluster.password(), "very-private").replace("//postgres:", "//crowd:");
    let said = refusal(&setup(&url), 1);
    assert!(said.contains("has no connection left") && said.contains("--database-connections"), "{said}");
}

#[test]
fn a_standby_alone_is_not_served_from() {
    let pair = Cluster::pair().unwrap();
    let said = refusal(&setup(&pair.standby.url("postgres")), 1);
    assert!(said.contains(&pair.standby.address().to_string()) && said.contains("is a standby"), "{said}");
}

#[test]
fn a_server_that_may_forget_what_it_acknowledged_is_refused() {
    for setting in ["fsync", "full_page_writes"] {
        let cluster = Cluster::start_with(&[(setting, "off")]).unwrap();
        let said = refusal(&setup(&cluster.url("postgres")), 1);
        assert!(said.contains(&format!("its {setting} is off")), "{said}");
        assert_eq!(cluster.sql("postgres", CONTENT).unwrap(), "", "nothing was made");
    }
}

#[test]
fn a_schema_of_a_later_version_is_refused_and_left_as_it_is() {
    let database = TestDatabase::database().unwrap();
    let setup = setup(database.url());
    assert!(started(&setup).stop().unwrap().success());
    let known = database.sql("SELECT max(version) FROM schema_migrations").unwrap();
    database.sql("INSERT INTO schema_migrations (version) VALUES (999)").unwrap();
    let before = database.sql(CONTENT).unwrap();
    assert!(before.contains("schema_migrations"), "{before}");
    let said = refusal(&setup, 1);
    assert!(said.contains("schema version 999") && said.contains(&format!("up to {known}")), "{said}");
    assert_eq!(database.sql(CONTENT).unwrap(), before, "nothing was written");
    database.sql("DELETE FROM schema_migrations WHERE version = 999").unwrap();
    assert!(started(&setup).stop().unwrap().success());
}
