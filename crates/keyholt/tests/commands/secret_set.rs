//! `keyholt secret set`.

use keyholt_testkit::Intruder;

use crate::shell::{Shell, VALUE, said};

#[test]
fn a_new_secret_is_made_and_an_existing_one_is_changed() {
    let shell = Shell::new();
    let made = shell.set(&["OPENAI_API_KEY", "--type", "openai"], VALUE);
    assert!(made.starts_with("made OPENAI_API_KEY ("), "{made}");
    let before = shell.json(&["secret", "get", "OPENAI_API_KEY"]);
    assert_eq!((&before["type"], &before["value_version"]), (&"openai".into(), &1.into()));
    let changed = shell.set(&["OPENAI_API_KEY"], "sk-another-value-of-the-same-0aZ8");
    assert!(changed.starts_with("changed OPENAI_API_KEY ("), "{changed}");
    let after = shell.json(&["secret", "get", "OPENAI_API_KEY"]);
    assert_eq!((&after["id"], &after["type"]), (&before["id"], &before["type"]), "the rest stays");
    assert_eq!((&after["preview"], &after["value_version"]), (&"********0aZ8".into(), &2.into()));
}

#[test]
fn one_line_break_at_the_end_of_the_value_is_not_part_of_it() {
    let shell = Shell::new();
    // A value is padded to a multiple of 64 bytes with at least one, so that 63 and 64 bytes differ in size.
    let value = "x".repeat(63);
    for (name, input, is_longer) in [
        ("BARE", value.clone(), false),
        ("ECHO", format!("{value}\n"), false),
        ("WINDOWS", format!("{value}\r\n"), false),
        ("BLANK", format!("{value} "), true),
        ("TWO_LINES", format!("{value}\n\n"), true),
    ] {
        assert!(shell.run(&["secret", "set", name], &input).success(), "{name}");
        let intruder = Intruder::in_directory(&shell.setup.data_dir()).unwrap();
        let query = format!(
            "SELECT length(sealed) FROM secret_values JOIN secrets ON secrets.id = secret_id WHERE name = '{name}'"
        );
        let sizes: Vec<i64> = intruder.read(&query).unwrap();
        let bare = "SELECT min(length(sealed)) FROM secret_values";
        let smallest: Vec<i64> = intruder.read(bare).unwrap();
        assert_eq!(sizes[0] > smallest[0], is_longer, "{name}: {sizes:?} {smallest:?}");
    }
}

#[test]
fn everything_that_is_given_is_stored_and_metadata_are_merged() {
    let shell = Shell::new();
    let words = ["AZURE", "--type", "azure", "--description", "for search", "--metadata", r#"{"a":1,"b":2}"#];
    shell.set(&words, VALUE);
    shell.set(&["AZURE", "--metadata", r#"{"b":3}"#], VALUE);
    let stored = shell.json(&["secret", "get", "AZURE"]);
    assert_eq!(stored["metadata"], serde_json::json!({"a": 1, "b": 3}));
    assert_eq!((&stored["description"], &stored["type"]), (&"for search".into(), &"azure".into()));
}

#[test]
fn the_rest_is_changed_without_the_value() {
    let shell = Shell::new();
    shell.set(&["OLLAMA", "--type", "ollama", "--metadata", r#"{"a":1}"#], VALUE);
    let changed = shell.run(&["secret", "set", "OLLAMA", "--keep-value", "--type", "Ollama"], "");
    assert!(changed.success() && changed.stderr.contains("ollama is"), "{changed:?}");
    let stored = shell.json(&["secret", "get", "OLLAMA"]);
    assert_eq!((&stored["type"], &stored["value_version"]), (&"Ollama".into(), &1.into()));
    let refused = shell.run(&["secret", "set", "NOT_THERE", "--keep-value"], VALUE);
    assert!(said(&refused, 1).contains("there is no secret NOT_THERE"), "{refused:?}");
}

#[test]
fn for_programs_the_written_secret_is_printed_as_one_object() {
    let shell = Shell::new();
    for version in [1, 2] {
        let printed = shell.set(&["A", "--json"], VALUE);
        let written: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&written["name"], &written["value_version"]), (&"A".into(), &version.into()));
        assert_eq!(written["preview"], "********7cY9");
        assert_eq!(written, shell.json(&["secret", "get", "A"]));
    }
}

#[test]
fn a_value_is_never_an_argument() {
    let shell = Shell::new();
    for option in ["--value", "--secret"] {
        let refused = shell.refused(&["secret", "set", "A", option, "x"], 2);
        assert!(refused.contains(&format!("unexpected argument '{option}'")), "{refused}");
    }
    shell.refused(&["secret", "set", "A", "a value"], 2);
    assert_eq!(shell.members(&["secret", "list"], "name"), Vec::<String>::new());
}

#[test]
fn what_cannot_be_stored_is_refused_without_repeating_the_value() {
    let shell = Shell::new();
    let empty = said(&shell.run(&["secret", "set", "A"], "\n"), 1);
    assert!(empty.contains("the value "), "{empty}");
    let mut bytes = VALUE.as_bytes().to_vec();
    bytes.push(0xFF);
    let no_text = shell.setup.run_against(Some(&shell.server), &["secret", "set", "A"], &bytes).unwrap();
    assert!(said(&no_text, 1).contains("UTF-8") && !no_text.stderr.contains(VALUE), "{no_text:?}");
    let name = shell.refused(&["secret", "set", ""], 1);
    assert!(name.contains("name"), "{name}");
    let metadata = shell.refused(&["secret", "set", "A", "--metadata", "[]"], 2);
    assert!(metadata.contains("must be a JSON object"), "{metadata}");
    assert_eq!(shell.members(&["secret", "list"], "name"), Vec::<String>::new());
}

#[test]
fn a_key_of_several_organisations_has_to_say_which() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    // The first owner of an organisation may be one of another organisation's too.
    let words = ["key", "create", "--org", "default", "--org", "research", "--role", "owner", "--name", "both"];
    let key = shell.json(&words)["key"].as_str().unwrap().to_owned();
    let refused = said(&shell.run_as(&key, &["secret", "set", "A"], VALUE), 2);
    assert!(refused.contains("say which with --org"), "{refused}");
    for org in ["default", "research"] {
        let made = shell.run_as(&key, &["secret", "set", "A", "--org", org], VALUE);
        assert!(made.success() && made.stdout.starts_with("made A"), "{made:?}");
    }
    let refused = said(&shell.run_as(&key, &["secret", "get", "A"], ""), 1);
    assert!(refused.contains("several organisations have a secret A"), "{refused}");
    let one = shell.run_as(&key, &["secret", "get", "A", "--org", "research"], "");
    assert!(one.success(), "{one:?}");
}
