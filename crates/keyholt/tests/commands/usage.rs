//! `keyholt usage`.

use keyholt_testkit::Intruder;

use crate::shell::{Shell, VALUE, row, said};

/// Writes down a use, as a gateway would have.
fn used(shell: &Shell, requests: i64) {
    let intruder = Intruder::in_directory(&shell.setup.data_dir()).unwrap();
    let statement = format!(
        "INSERT INTO usage SELECT secrets.org_id, secrets.id, api_keys.id, {requests}, 1, 12345, 67, 8, 9, 200, \
         1795253400000000 FROM secrets, api_keys"
    );
    assert!(intruder.execute(&statement).unwrap() > 0);
}

#[test]
fn totals_are_told_by_the_names_of_secrets_and_keys() {
    let shell = Shell::new();
    let nothing = shell.run(&["usage"], "");
    assert!(nothing.success() && nothing.stdout.is_empty(), "{nothing:?}");
    assert_eq!(nothing.stderr, "nothing has been used\n");
    shell.set(&["A", "--type", "openai"], VALUE);
    shell.set(&["B", "--type", "openai"], VALUE);
    used(&shell, 42);
    let table = shell.ok(&["usage", "--secret", "A"]);
    assert_eq!(table.lines().count(), 2, "{table}");
    let cells = row(&table, "A");
    assert_eq!(cells[2..8], ["42", "1", "12 KiB", "67 B", "8", "9"], "{table}");
    let key = cells[1].to_owned();
    assert_eq!(shell.members(&["usage"], "secret_name"), ["A", "B"]);
    assert_eq!(shell.members(&["usage", "--by", &key, "--org", "default"], "secret_name"), ["A", "B"]);
    let id = shell.json(&["secret", "get", "A"])["id"].as_str().unwrap().to_owned();
    shell.ok(&["secret", "rm", "A", "--yes"]);
    assert_eq!(shell.members(&["usage", "--secret", &id], "secret_id"), std::slice::from_ref(&id));
    assert_eq!(row(&shell.ok(&["usage"]), &id)[2], "42");
}

#[test]
fn what_is_meant_must_be_there_and_a_key_itself_is_no_name() {
    let shell = Shell::new();
    assert!(shell.refused(&["usage", "--secret", "A"], 1).contains("there is no secret A"));
    let refused = shell.refused(&["usage", "--by", "khk_very-private"], 2);
    assert!(refused.contains("looks like an API key itself") && !refused.contains("private"), "{refused}");
    let app = shell.key("app", &["--role", "app"]);
    let refused = said(&shell.run_as(&app, &["usage"], ""), 1);
    assert!(refused.contains("This API key may not read"), "{refused}");
}
