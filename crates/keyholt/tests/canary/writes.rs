//! Every way in.

use keyholt_testkit::{Answer, Canary, Client, Random, Server, Setup};
use serde_json::json;

const ORG: &str = "/v1/ai_secret";
const PROJECT: &str = "/v1/deployments/secrets";
const NATIVE: &str = "/keyholt/v1/secrets";

/// What was put in, and what was answered.
pub(crate) struct Writes {
    pub(crate) canaries: Vec<Canary>,
    /// All answers but those that show a new API key.
    pub(crate) answers: Vec<Answer>,
    /// What the command line printed, but for new API keys.
    pub(crate) printed: Vec<u8>,
    random: Random,
    client: Client,
}

impl Writes {
    /// Writes over every path of both wires, the native API and the command line.
    pub(crate) fn all(setup: &Setup, server: &Server, random: Random) -> Self {
        let mut writes = Self {
            canaries: Vec::new(),
            answers: Vec::new(),
            printed: Vec::new(),
            random,
            client: server.client(),
        };
        writes.canaries.push(Canary { place: "the first API key".to_owned(), text: Setup::KEY.to_owned() });
        writes.over_braintrust();
        writes.over_together();
        writes.over_native();
        writes.by_command_line(setup, server);
        writes.refused(server);
        writes.api_keys(setup, server);
        writes.read_all();
        writes
    }

    fn value(&mut self, place: &str) -> String {
        let canary = Canary::new(place, &mut self.random);
        self.canaries.push(canary.clone());
        canary.text
    }

    fn ask(&mut self, method: &str, target: &str, body: &str, expected: u16) -> Answer {
        let answer = self.client.send(method, target, Some(body.as_bytes())).unwrap();
        assert_eq!(answer.status, expected, "{method} {target}: {}", answer.text());
        self.answers.push(answer.clone());
        answer
    }

    fn over_braintrust(&mut self) {
        let value = self.value("Braintrust POST");
        let posted = self.ask(
            "POST",
            ORG,
            &json!({ "name": "posted", "type": "openai", "secret": value }).to_string(),
            200,
        );
        let value = self.value("Braintrust POST of a taken name");
        self.ask("POST", ORG, &json!({ "name": "posted", "secret": value }).to_string(), 200);
        let value = self.value("Braintrust PUT of a new name");
        self.ask("PUT", ORG, &json!({ "name": "put", "secret": value }).to_string(), 200);
        let value = self.value("Braintrust PUT of a taken name");
        self.ask("PUT", ORG, &json!({ "name": "put", "secret": value }).to_string(), 200);
        let value = self.value("Braintrust PATCH");
        let target = format!("{ORG}/{}", posted.string("/id"));
        self.ask("PATCH", &target, &json!({ "secret": value, "metadata": { "a": 1 } }).to_string(), 200);
        let value = self.value("Braintrust, a value of 64 KiB") + &"x".repeat(64 * 1024 - 100);
        self.ask("PUT", ORG, &json!({ "name": "long", "secret": value }).to_string(), 200);
        self.ask("PATCH", &target, &json!({ "name": "renamed" }).to_string(), 200);
        let value = self.value("Braintrust, deleted");
        self.ask("POST", ORG, &json!({ "name": "deleted", "secret": value }).to_string(), 200);
        self.ask("DELETE", ORG, &json!({ "name": "deleted" }).to_string(), 200);
    }

    fn over_together(&mut self) {
        let value = self.value("Together POST");
        self.ask(
            "POST",
            PROJECT,
            &json!({ "name": "a/posted", "value": value, "ttl_seconds": 86400 }).to_string(),
            200,
        );
        let value = self.value("Together PATCH");
        self.ask("PATCH", &format!("{PROJECT}/a%2Fposted"), &json!({ "value": value }).to_string(), 200);
        let value = self.value("Together POST of a taken name");
        self.ask("POST", PROJECT, &json!({ "name": "a/posted", "value": value }).to_string(), 400);
        let value = self.value("Together, deleted");
        self.ask("POST", PROJECT, &json!({ "name": "deleted", "value": value }).to_string(), 200);
        self.ask("DELETE", &format!("{PROJECT}/deleted"), "", 200);
    }

    fn over_native(&mut self) {
        let value = self.value("native POST");
        let made = self.ask("POST", NATIVE, &json!({ "name": "native", "value": value }).to_string(), 200);
        let value = self.value("native PATCH");
        let target = format!("{NATIVE}/{}", made.string("/id"));
        self.ask("PATCH", &target, &json!({ "value": value }).to_string(), 200);
        let (one, two) = (self.value("import"), self.value("import into a project"));
        let import = |id: &str, name: &str, value: &str| json!([{ "id": id, "name": name, "value": value }]);
        let body = json!({ "secrets": import("01900000-0000-7000-8000-000000000001", "imported", &one) });
        self.ask("POST", "/keyholt/v1/secrets/import", &body.to_string(), 200);
        let body = json!({ "project": "default", "secrets": import("01900000-0000-7000-8000-000000000002", "imported", &two) });
        self.ask("POST", "/keyholt/v1/secrets/import", &body.to_string(), 200);
    }

    fn by_command_line(&mut self, setup: &Setup, server: &Server) {
        for place in ["the command line, new", "the command line, again"] {
            let value = self.value(place);
            self.run(setup, server, &["secret", "set", "BY_COMMAND", "--type", "openai"], &value, true);
        }
        let value = self.value("the command line, refused");
        self.run(setup, server, &["secret", "set", "a\tb"], &value, false);
        self.run(setup, server, &["secret", "list"], "", true);
    }

    fn run(&mut self, setup: &Setup, server: &Server, words: &[&str], input: &str, expected: bool) {
        let finished = setup.run_against(Some(server), words, input.as_bytes()).unwrap();
        assert_eq!(finished.success(), expected, "{words:?}: {finished:?}");
        self.printed.extend_from_slice(finished.stdout.as_bytes());
        self.printed.extend_from_slice(finished.stderr.as_bytes());
    }

    /// Values in the wrong place, in broken bodies, and credentials that nobody has.
    fn refused(&mut self, server: &Server) {
        let value = json!(self.value("in place of other fields"));
        for target in [ORG, PROJECT, NATIVE, "/keyholt/v1/orgs", "/keyholt/v1/api-keys"] {
            let bodies = [
                json!({ "name": [value] }),
                json!({ "name": "x", "secret": [value] }),
                json!({ "name": "x", "value": { "x": value } }),
                json!({ "name": "x", "type": [value], "description": [value], "role": value, "orgs": [value] }),
                json!({ "name": "x", "metadata": value, "org_name": value, "org": value, "ttl_seconds": value, "value": "v" }),
            ];
            for body in bodies {
                let text = body.to_string();
                // Unknown fields are ignored on the wires, so that some of these are taken.
                let answer = self.client.send("POST", target, Some(text.as_bytes())).unwrap();
                assert!(matches!(answer.status, 200 | 400 | 403), "{target}: {}", answer.text());
                self.answers.push(answer);
                self.ask("POST", target, &text[..text.len() - 1], 400);
                self.ask("POST", target, &text.replace("\"name\"", "\"name\":1,\"name\""), 400);
            }
        }
        let wrong = Canary::plain("a credential that nobody has", &mut self.random);
        let mut stranger = server.anonymous().bearer(&wrong.text);
        self.canaries.push(wrong);
        for target in [ORG, PROJECT, NATIVE, "/v1/whoami", "/keyholt/v1/audit", "/nothing"] {
            self.answers.push(stranger.send("GET", target, None).unwrap());
        }
    }

    /// New API keys: shown once, so their answers are not kept.
    fn api_keys(&mut self, setup: &Setup, server: &Server) {
        let body = json!({ "name": "native", "orgs": ["default"], "role": "owner" }).to_string();
        let made = self.client.send("POST", "/keyholt/v1/api-keys", Some(body.as_bytes())).unwrap();
        let words = ["key", "create", "--name", "by command", "--role", "engineer"];
        let printed = setup.run_against(Some(server), &words, b"").unwrap();
        assert!(printed.success() && made.status == 200, "{printed:?} {}", made.text());
        let keys = [
            ("native API key", made.string("/key")),
            ("API key of the command line", printed.stdout.trim().to_owned()),
        ];
        for (place, key) in keys {
            assert!(key.starts_with("khk_"), "{place}");
            let mut owner = server.anonymous().bearer(&key);
            self.answers.push(owner.send("GET", ORG, None).unwrap());
            self.answers.push(owner.send("GET", "/v1/whoami", None).unwrap());
            self.canaries.push(Canary { place: place.to_owned(), text: key });
        }
        let id = made.string("/id");
        self.ask("DELETE", &format!("/keyholt/v1/api-keys/{id}"), "", 200);
    }

    fn read_all(&mut self) {
        for target in [
            ORG,
            PROJECT,
            "/v1/whoami",
            "/keyholt/v1/whoami",
            "/keyholt/v1/orgs",
            "/keyholt/v1/api-keys?limit=1000",
            "/keyholt/v1/secrets?limit=1000",
            "/keyholt/v1/audit?limit=1000",
            "/openapi.json",
            "/healthz",
            "/readyz",
            "/nothing",
        ] {
            let answer = self.client.send("GET", target, None).unwrap();
            self.answers.push(answer);
        }
    }
}
