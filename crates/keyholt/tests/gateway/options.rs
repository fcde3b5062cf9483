//! What the operator opens.

use keyholt_testkit::{FakeProvider, Setup, Step};
use serde_json::json;

use crate::fixture::{BODY, CHAT, House};

#[tokio::test(flavor = "multi_thread")]
async fn without_an_entry_no_local_place_is_reached() {
    let house = House::start(Step::json(200, "{}")).await;
    assert_eq!(house.client().send("POST", CHAT, Some(BODY)).unwrap().status, 200);
    house.server.stop().unwrap();
    let server = house.setup.start().unwrap();
    let answer = server.client().send("POST", CHAT, Some(BODY)).unwrap();
    assert_eq!((answer.status, answer.string("/error/code").as_str()), (403, "egress_denied"));
    assert_eq!(house.provider.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_says_who_serves_a_model() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let file = setup.folder().join("keyholt.toml");
    let text = format!(
        "egress.allow = [\"{}\"]\n[[models]]\nprefix = \"acme-\"\nproviders = [\"mistral\"]\n",
        provider.entry()
    );
    std::fs::write(&file, text).unwrap();
    let options = ["--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()];
    let server = setup.start_with(&options).unwrap();
    let metadata = json!({ "api_base": provider.url("/v1") });
    let secret = json!({ "name": "M", "type": "mistral", "secret": "sk-0123456789", "metadata": metadata });
    assert_eq!(server.client().json("POST", "/v1/ai_secret", &secret).unwrap().status, 200);
    for (model, status) in [("acme-1", 200), ("other-1", 404)] {
        let answer = server.client().json("POST", CHAT, &json!({ "model": model })).unwrap();
        assert_eq!(answer.status, status, "{model}: {}", answer.text());
    }
    let refused = setup.start_with(&["--listen", "127.0.0.1:0", "--egress-allow", "https://a"]);
    assert!(refused.is_err());
}
