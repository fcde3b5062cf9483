//! Where the keys come from, how long they are good for, and when they are fetched again.

use std::time::Duration;

use keyholt_engine::FetchProblem;
use keyholt_testkit::{KeyKind, TokenKey, key_set};
use serde_json::json;

use crate::fixture::{Scene, anyone};

const HOUR: i64 = 3600;
const DOWN: Result<Vec<u8>, FetchProblem> = Err(FetchProblem("down"));

/// A second key of the issuer.
fn second_key() -> Option<TokenKey> {
    TokenKey::make(KeyKind::Ed25519)
}

impl Scene {
    fn token_of_second(&self, second: &TokenKey, subject: &str) -> String {
        second.token(&json!({"alg": "EdDSA", "kid": "second"}), &self.claims(subject))
    }

    /// A token of this subject for the next day.
    fn lasting_token(&self, subject: &str) -> String {
        let mut claims = self.claims(subject);
        claims["exp"] = json!(self.now() + 80_000);
        self.signed(&claims)
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_for_many_tokens_and_again_after_five_minutes() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    for subject in ["ann", "bob", "cid"] {
        scene.caller(&scene.token(subject)).await.unwrap();
    }
    assert_eq!(scene.published.fetches(), 1);
    scene.pass(300).await;
    assert_eq!(scene.published.fetches(), 1);
    scene.pass(1).await;
    assert_eq!(scene.published.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_known_after_at_most_one_fetch_in_thirty_seconds() {
    let (Some(scene), Some(second)) = (Scene::set(anyone()).await, second_key()) else { return };
    scene.caller(&scene.token("ann")).await.unwrap();
    let both = key_set(&[scene.key.jwk(Some("first")), second.jwk(Some("second"))]);
    scene.published.set("keys", Some(Ok(both)));
    scene.pass(29).await;
    for subject in ["ann", "bob"] {
        Scene::refused(scene.caller(&scene.token_of_second(&second, subject)).await);
    }
    assert_eq!(scene.published.fetches(), 1);
    scene.pass(1).await;
    scene.caller(&scene.token_of_second(&second, "ann")).await.unwrap();
    assert_eq!(scene.published.fetches(), 2);
    scene.caller(&scene.token("ann")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_of_keys_that_nobody_has_cause_no_more_fetches_than_that() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let Some(attacker) = second_key() else { return };
    scene.caller(&scene.token("ann")).await.unwrap();
    for number in 0..60 {
        scene.test.clock.advance_seconds(1);
        let header = json!({"alg": "EdDSA", "kid": number.to_string()});
        Scene::refused(scene.caller(&attacker.token(&header, &scene.claims("ann"))).await);
    }
    assert_eq!(scene.published.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_could_never_be_taken_causes_no_fetch() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let Some(attacker) = second_key() else { return };
    scene.caller(&scene.token("ann")).await.unwrap();
    scene.test.clock.advance_seconds(60);
    let other_issuer = json!({"iss": "https://nobody.example", "sub": "a", "aud": "keyholt"});
    let claims = scene.claims("ann");
    for token in [
        attacker.token(&json!({"alg": "EdDSA", "kid": "x"}), &other_issuer),
        attacker.token_with_mac(b"k", &json!({"alg": "HS256", "kid": "x"}), &claims),
        attacker.token_of(r#"{"alg":"RS256","kid":"x"}"#, &claims.to_string(), "EdDSA"),
        attacker.token(&json!({"alg": "EdDSA", "kid": "x", "crit": ["y"]}), &claims),
        attacker.token(&json!({"alg": "EdDSA", "kid": "first"}), &claims),
        attacker.token(&json!({"alg": "EdDSA"}), &claims),
    ] {
        Scene::refused(scene.caller(&token).await);
    }
    assert_eq!(scene.published.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_ends_what_was_known_of_its_tokens() {
    let (Some(scene), Some(second)) = (Scene::set(anyone()).await, second_key()) else { return };
    let token = scene.lasting_token("ann");
    scene.caller(&token).await.unwrap();
    scene.published.set("keys", Some(Ok(key_set(&[second.jwk(Some("second"))]))));
    scene.caller(&token).await.unwrap();
    scene.pass(301).await;
    Scene::refused(scene.caller(&token).await);
    scene.caller(&scene.token_of_second(&second, "ann")).await.unwrap();
    // The name of a key does not make it the same key.
    scene.published.set("keys", Some(Ok(key_set(&[second.jwk(Some("first"))]))));
    scene.pass(301).await;
    Scene::refused(scene.caller(&token).await);
}

#[tokio::test(start_paused = true)]
async fn keys_outlive_failing_fetches_by_an_hour_and_no_more() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let token = scene.lasting_token("ann");
    scene.caller(&token).await.unwrap();
    for useless in [DOWN, Ok(b"<html>".to_vec()), Ok(key_set(&[]))] {
        scene.published.set("keys", Some(useless));
        scene.pass(HOUR / 4).await;
        scene.caller(&scene.lasting_token("bob")).await.unwrap();
    }
    scene.pass(HOUR / 4).await;
    scene.caller(&token).await.unwrap();
    scene.pass(1).await;
    // Neither a token that is new nor one that is known.
    Scene::refused(scene.caller(&token).await);
    Scene::refused(scene.caller(&scene.lasting_token("cid")).await);
    scene.published.set("keys", Some(Ok(key_set(&[scene.key.jwk(Some("first"))]))));
    scene.pass(30).await;
    scene.caller(&token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_is_not_repeated_for_thirty_seconds() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    scene.published.set("keys", Some(DOWN));
    for _ in 0..3 {
        Scene::refused(scene.caller(&scene.token("ann")).await);
    }
    scene.pass(29).await;
    assert_eq!(scene.published.fetches(), 1);
    scene.published.set("keys", Some(Ok(key_set(&[scene.key.jwk(Some("first"))]))));
    Scene::refused(scene.caller(&scene.token("ann")).await);
    scene.pass(1).await;
    scene.caller(&scene.token("ann")).await.unwrap();
    assert_eq!(scene.published.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_server_that_does_not_answer() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    scene.published.set("keys", None);
    let answer = |seconds, token: String| {
        let scene = &scene;
        async move { tokio::time::timeout(Duration::from_secs(seconds), scene.caller(&token)).await.unwrap() }
    };
    Scene::refused(answer(6, scene.token("ann")).await);
    // What will be refused in any case does not wait at all.
    let header = json!({"alg": "HS256", "kid": "first"});
    scene.test.clock.advance_seconds(60);
    Scene::refused(answer(1, scene.key.token_with_mac(b"k", &header, &scene.claims("ann"))).await);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_old_are_not_used_while_new_ones_are_awaited() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    scene.caller(&scene.token("ann")).await.unwrap();
    scene.published.set("keys", None);
    let asked_an_hour_later = async {
        scene.test.clock.advance_seconds(301);
        tokio::time::sleep(Duration::from_secs(6)).await;
        scene.test.clock.advance_seconds(HOUR);
        scene.test.caller(&scene.token("bob")).await
    };
    Scene::refused(scene.beside_keeping(asked_an_hour_later).await);
    assert_eq!(scene.published.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_takes_too_long_is_given_up() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    scene.published.set("keys", None);
    let asked_a_minute_later = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        scene.published.set("keys", Some(Ok(key_set(&[scene.key.jwk(Some("first"))]))));
        scene.test.clock.advance_seconds(60);
        scene.test.caller(&scene.token("ann")).await
    };
    scene.beside_keeping(asked_a_minute_later).await.unwrap();
    assert_eq!(scene.published.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_refused_where_nobody_keeps_keys() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    Scene::refused(scene.test.caller(&scene.token("ann")).await);
    assert_eq!(scene.published.fetches(), 0);
}
