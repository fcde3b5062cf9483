//! Every place to look.

use std::fs;
use std::path::Path;

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Canary, Client, Find, Random, Server, Setup, free_address, seed_setting};

use crate::writes::Writes;

#[test]
fn no_value_and_no_api_key_is_readable_anywhere() {
    search_all(|setup| setup, None);
}

#[test]
fn no_value_and_no_api_key_is_readable_anywhere_on_postgres() {
    // The server writes down each statement with its parameters.
    let cluster = Cluster::start_with(&[("log_statement", "all"), ("log_parameter_max_length", "-1")]).unwrap();
    let made = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    assert!(made.start().unwrap().stop().unwrap().success());
    let root_key = fs::read_to_string(made.folder().join("data.root-key")).unwrap();
    let url = format!("{}?sslmode=disable", cluster.url("postgres"));
    let on_postgres = |setup: Setup| {
        setup.variable("KEYHOLT_DATABASE_URL", &url).variable("KEYHOLT_ROOT_KEY", root_key.trim())
    };
    search_all(on_postgres, Some(&cluster));
    assert!(cluster.log().contains("INSERT INTO secret_values"), "the log has the statements");
}

/// Writes over every path there is, and searches every place, while it serves, after a polite end and after a crash.
fn search_all(on: impl FnOnce(Setup) -> Setup, cluster: Option<&Cluster>) {
    let seed = seed_setting("KEYHOLT_SEED");
    println!("KEYHOLT_SEED={seed}");
    let metrics = free_address().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt"))
        .unwrap()
        .variable("KEYHOLT_METRICS_LISTEN", &metrics.to_string())
        .variable("KEYHOLT_LOG_LEVEL", "trace")
        .variable("KEYHOLT_LOG_FORMAT", "json")
        .variable("KEYHOLT_ACCESS_LOG", "true");
    let setup = on(setup);
    let server = setup.start().unwrap();
    let writes = Writes::all(&setup, &server, Random::new(seed));
    let mut searched = Searched::new(&writes.canaries);
    for (number, answer) in writes.answers.iter().enumerate() {
        searched.bytes(&format!("answer {number}"), &answer.bytes());
    }
    searched.bytes("the command line", &writes.printed);
    let shown = Client::new(metrics).send("GET", "/metrics", None).unwrap();
    assert_eq!(shown.status, 200);
    searched.bytes("metrics", &shown.bytes());
    for words in [
        &["audit", "list", "--json", "--limit", "1000"][..],
        &["doctor", "--json"],
        &["secret", "list", "--json"],
    ] {
        let finished = setup.run_against(Some(&server), words, b"").unwrap();
        assert!(finished.success(), "{finished:?}");
        searched.bytes(&words.join(" "), format!("{}{}", finished.stdout, finished.stderr).as_bytes());
    }
    let backup = setup.folder().join("backup");
    let finished = setup.run_against(Some(&server), &["backup", &backup.to_string_lossy()], b"").unwrap();
    assert!(finished.success() && backup.exists(), "{finished:?}");
    searched.process(&server);
    searched.stored("while it serves", &setup, cluster);
    searched.bytes("the log", &server.output());
    assert!(server.stop().unwrap().success());
    searched.stored("after a polite end", &setup, cluster);
    let server = setup.start().unwrap();
    server.client().send("PUT", "/v1/ai_secret", Some(br#"{"name":"posted","secret":"another"}"#)).unwrap();
    let finished = server.kill().unwrap();
    searched.bytes("the log of the second start", format!("{}{}", finished.stdout, finished.stderr).as_bytes());
    searched.stored("after kill -9", &setup, cluster);
    println!(
        "{} canaries x {} forms in {} answers and {} places: {} found",
        writes.canaries.len(),
        writes.canaries.iter().map(|canary| canary.forms().len()).max().unwrap_or_default(),
        writes.answers.len(),
        searched.places,
        searched.finds.len()
    );
    assert_eq!(searched.finds, []);
}

#[test]
fn what_is_readable_is_found() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let server = setup.start().unwrap();
    let mut random = Random::new(seed_setting("KEYHOLT_SEED"));
    // A name is no value: it is stored readably, and answered, and in the audit log.
    let name = Canary::plain("a name", &mut random);
    let value = Canary::plain("a value", &mut random);
    let body = format!(r#"{{"name":"{}","secret":"{}"}}"#, name.text, value.text);
    let answer = server.client().send("POST", "/v1/ai_secret", Some(body.as_bytes())).unwrap();
    assert_eq!(answer.status, 200);
    let audit = setup.run_against(Some(&server), &["audit", "list", "--json"], b"").unwrap();
    let canaries = [name, value];
    let finds_in = |bytes: &[u8]| {
        let mut searched = Searched::new(&canaries);
        searched.bytes("here", bytes);
        // A text with nothing to escape has several forms that are one.
        let mut places: Vec<String> = searched.finds.into_iter().map(|find| find.place).collect();
        places.dedup();
        places
    };
    assert_eq!(finds_in(&answer.bytes()), ["a name"]);
    assert_eq!(finds_in(audit.stdout.as_bytes()), ["a name"], "{}", audit.stdout);
    assert_eq!(finds_in(body.as_bytes()), ["a name", "a value"]);
    assert!(server.stop().unwrap().success());
    let of_value = |finds: &[Find]| finds.iter().filter(|find| find.place == "a value").count();
    let before = Canary::find_all_below(&canaries, &setup.data_dir()).unwrap();
    assert!(
        before.len() > of_value(&before) && of_value(&before) == 0,
        "the name stands in the database: {before:?}"
    );
    let forms = canaries[1].forms();
    for (number, (_, form)) in forms.iter().enumerate() {
        fs::write(setup.data_dir().join(format!("planted-{number}")), form).unwrap();
    }
    let after = Canary::find_all_below(&canaries, &setup.data_dir()).unwrap();
    assert!(of_value(&after) >= forms.len(), "{after:?}");
}

/// What has been searched, and found.
struct Searched<'a> {
    canaries: &'a [Canary],
    finds: Vec<Find>,
    places: usize,
}

impl<'a> Searched<'a> {
    const fn new(canaries: &'a [Canary]) -> Self {
        Self { canaries, finds: Vec::new(), places: 0 }
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.places += 1;
        self.finds.extend(self.canaries.iter().flat_map(|canary| canary.find_in(bytes, Path::new(name))));
    }

    /// Everything that is kept: of the server, and of its PostgreSQL with its tables, its write-ahead log and its log.
    fn stored(&mut self, when: &str, setup: &Setup, cluster: Option<&Cluster>) {
        self.files(when, setup.folder());
        if let Some(cluster) = cluster {
            // Tables are written out, so that they are searched and not the write-ahead log alone.
            cluster.sql("postgres", "CHECKPOINT").unwrap();
            self.files(when, cluster.folder());
        }
    }

    fn files(&mut self, when: &str, folder: &Path) {
        self.places += 1;
        let mut finds = Canary::find_all_below(self.canaries, folder).unwrap();
        for find in &mut finds {
            find.found_in = Path::new(when).join(&find.found_in);
        }
        self.finds.extend(finds);
    }

    /// What other users of the machine see of the process.
    fn process(&mut self, server: &Server) {
        for file in ["cmdline", "comm", "maps"] {
            let bytes = fs::read(format!("/proc/{}/{file}", server.pid())).unwrap();
            self.bytes(file, &bytes);
        }
    }
}
