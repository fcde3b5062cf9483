//! A database is made into an installation once, however many nodes find it empty.

use keyholt_testkit::Setup;
use serde_json::{Value, json};

use crate::fixture::{Installation, KEYS, SECRETS, done, make_secret, read};

#[test]
fn three_nodes_that_find_the_database_empty_at_once_are_one_installation() {
    for _ in 0..3 {
        let installation = Installation::new();
        let nodes = installation.start(3);
        let first = |target: &str| -> Vec<Value> {
            nodes.iter().map(|node| done(&mut node.client(), "GET", target, &json!({})).json()).collect()
        };
        for target in ["/keyholt/v1/orgs", KEYS] {
            let answers = first(target);
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
            assert_eq!(answers[0]["objects"].as_array().map(Vec::len), Some(1), "{target}: {}", answers[0]);
        }
        for (number, node) in nodes.iter().enumerate() {
            let id = make_secret(node, &format!("of-{number}"));
            let value = json!({ "secret": format!("sk-a-value-that-node-{number}-has-sealed") });
            done(&mut node.client(), "PATCH", &format!("{SECRETS}/{id}"), &value);
            for other in &nodes {
                assert_eq!(read(&mut other.client(), &id).status, 200);
                let revealed =
                    done(&mut other.client(), "POST", &format!("/keyholt/v1/secrets/{id}/reveal"), &json!({}));
                let opened = revealed.text();
                assert!(opened.contains(&format!("node-{number}-has-sealed")), "another node opens it");
            }
        }
        let verified = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
        let said = verified.run_against(Some(&nodes[2].server), &["audit", "verify"], b"").unwrap();
        assert!(said.success(), "{said:?}");
    }
}
