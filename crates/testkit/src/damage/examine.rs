//! One harmed copy: served, and asked for everything.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::compare::newest_that_fits;
use super::figures::DamageFigures;
use super::harm::{Harm, Place};
use super::original::Original;
use super::state::{NATIVE, Seen, id_of, is_locked, see};
use crate::{Client, Random, Server, Setup, StartError};

/// What became of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Refused,
    Errors,
    Right,
    Earlier,
}

/// Harms a copy as the seed says, and examines it.
///
/// # Errors
/// In words, when an answer is wrong, or the server hangs or crashes.
pub(super) fn examine(original: &Original, program: &PathBuf, seed: u64) -> Result<DamageFigures, String> {
    let setup = original.copy(program).map_err(|problem| problem.to_string())?;
    let harm =
        Harm::inflict(&setup.data_dir(), &mut Random::new(seed)).map_err(|problem| problem.to_string())?;
    let mut figures = DamageFigures { copies: 1, ..DamageFigures::default() };
    let outcome =
        serve(original, &setup, &harm, &mut figures).map_err(|problem| format!("{harm}: {problem}"))?;
    let (count, place) = match outcome {
        Outcome::Refused => (&mut figures.refused, 0),
        Outcome::Errors => (&mut figures.errors, 1),
        Outcome::Right => (&mut figures.right, 2),
        Outcome::Earlier => (&mut figures.earlier, 3),
    };
    *count += 1;
    let mut counts = [0; 4];
    counts.iter_mut().skip(place).take(1).for_each(|count| *count = 1);
    figures.by_harm.insert(format!("{:?} {:?}", harm.place, harm.kind), counts);
    Ok(figures)
}

fn serve(
    original: &Original,
    setup: &Setup,
    harm: &Harm,
    figures: &mut DamageFigures,
) -> Result<Outcome, String> {
    let mut server = match setup.start() {
        Ok(server) => server,
        Err(StartError::Ended(ended)) => {
            // SQLite's own words may have several lines.
            let why = ended.stderr.lines().find(|line| line.starts_with("keyholt: "));
            let is_said = ended.status.code() == Some(1) && why.is_some();
            return if is_said && !ended.stderr.contains("panicked") {
                Ok(Outcome::Refused)
            } else {
                Err(format!("ends without saying why: {ended:?}"))
            };
        }
        Err(other) => return Err(format!("neither starts nor refuses: {other:?}")),
    };
    let asked = ask(original, setup, &server, harm, figures);
    let said = String::from_utf8_lossy(&server.output()).into_owned();
    let lives = server.is_running() || said.contains("the storage has failed");
    let ended = server.stop().map_err(|problem| format!("does not end: {problem}"))?;
    if !lives || ended.status.code().is_none() || said.contains("panicked") {
        return Err(format!("crashed ({}): {said}", ended.status));
    }
    asked.map_err(|problem| format!("{problem}\nthe server said: {said}"))
}

fn ask(
    original: &Original,
    setup: &Setup,
    server: &Server,
    harm: &Harm,
    figures: &mut DamageFigures,
) -> Result<Outcome, String> {
    let mut client = server.client();
    let mut seen = see(&mut client);
    if !seen.errors.is_empty() && seen.errors.iter().all(|error| error.ends_with(": 401")) {
        figures.not_let_in += 1;
        return Ok(Outcome::Errors);
    }
    if let Some(wrong) = seen.errors.iter().find(|error| is_wrong(error)) {
        return Err(format!("says something else than that it cannot: {wrong}"));
    }
    let state = newest_that_fits(&original.states, &seen)?;
    let newest = original.states.len() - 1;
    if state < newest && harm.place != Place::Log {
        return Err(format!("the log is whole, but the answers are those of {} writes ago", newest - state));
    }
    let locked = seen.locked().len();
    ask_for_each(original, state, &mut client, &mut seen)?;
    read_audit(setup, server, &mut client, &mut seen)?;
    write(&mut client, &mut seen)?;
    Ok(match (seen.errors.is_empty() && locked == 0, state == newest) {
        (false, _) => Outcome::Errors,
        (true, true) => Outcome::Right,
        (true, false) => Outcome::Earlier,
    })
}

/// Whether an answer is none of those that say that the store cannot be read.
fn is_wrong(error: &str) -> bool {
    let status = error.rsplit(": ").next().and_then(|status| status.parse::<u16>().ok());
    status.is_some_and(|status| status < 500)
}

/// Asks for each secret by its id and its name, and for its value.
fn ask_for_each(original: &Original, state: usize, client: &mut Client, seen: &mut Seen) -> Result<(), String> {
    let locked = seen.locked();
    let truth = original.states.get(state).ok_or("no state")?;
    let mut wants = Vec::new();
    for row in truth.lists.get("/v1/ai_secret").into_iter().flatten() {
        let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
        wants.push((format!("/v1/ai_secret/{}", id_of(row)), "", row));
        wants.push((format!("/v1/ai_secret?ai_secret_name={name}"), "/objects/0", row));
    }
    for row in truth.lists.get("/v1/deployments/secrets").into_iter().flatten() {
        let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
        wants.push((format!("/v1/deployments/secrets/{name}"), "", row));
    }
    for (target, pointer, row) in wants {
        match client.send("GET", &target, None) {
            Ok(answer) if answer.status == 200 => {
                let is_right = answer.json().pointer(pointer) == Some(row);
                if !is_right && !locked.contains(&id_of(row)) {
                    return Err(format!("GET {target}: {} in place of {row}", answer.text()));
                }
            }
            Ok(answer) if answer.status >= 500 => seen.errors.push(format!("GET {target}: {}", answer.status)),
            Ok(answer) => return Err(format!("GET {target}: {} {}", answer.status, answer.text())),
            Err(problem) => seen.errors.push(format!("GET {target}: {problem}")),
        }
    }
    reveal(original, truth.lists.get(NATIVE).into_iter().flatten(), client, seen)
}

/// Each value that is given is the secret's last one, or in an earlier state one that it had.
fn reveal<'a>(
    original: &Original,
    rows: impl Iterator<Item = &'a Value>,
    client: &mut Client,
    seen: &mut Seen,
) -> Result<(), String> {
    for row in rows.filter(|row| !is_locked(row)) {
        let id = id_of(row);
        let target = format!("/keyholt/v1/secrets/{id}/reveal");
        match client.send("POST", &target, Some(b"{}")) {
            Ok(answer) if answer.status == 200 => {
                let value = answer.string("/value");
                let stamp = row.get("type").and_then(Value::as_str).unwrap_or_default();
                let is_one = original.values.get(&id).is_some_and(|values| values.contains(&value));
                if !is_one || !value.ends_with(stamp) {
                    return Err(format!("POST {target}: the value is not the row's"));
                }
            }
            Ok(answer) if answer.status >= 500 => seen.errors.push(format!("{target}: {}", answer.status)),
            Ok(answer) => return Err(format!("POST {target}: {}", answer.status)),
            Err(problem) => seen.errors.push(format!("{target}: {problem}")),
        }
    }
    Ok(())
}

/// The audit log is proven, or said to be damaged, or cannot be read.
fn read_audit(setup: &Setup, server: &Server, client: &mut Client, seen: &mut Seen) -> Result<(), String> {
    let verified =
        setup.run_against(Some(server), &["audit", "verify"], b"").map_err(|error| error.to_string())?;
    if !verified.success() {
        seen.errors.push("keyholt audit verify: a fault".to_owned());
    }
    match client.send("GET", "/keyholt/v1/audit?limit=1000", None) {
        Ok(answer) if answer.status < 500 && answer.status != 200 => {
            Err(format!("GET audit: {} {}", answer.status, answer.text()))
        }
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => {
            seen.errors.push(format!("GET audit: {}", answer.status));
            Ok(())
        }
        Err(problem) => {
            seen.errors.push(format!("GET audit: {problem}"));
            Ok(())
        }
    }
}

/// What is acknowledged can be read.
fn write(client: &mut Client, seen: &mut Seen) -> Result<(), String> {
    let body = json!({ "name": "after-the-damage", "type": "any", "secret": "sk-after-the-damage" });
    match client.json("POST", "/v1/ai_secret", &body) {
        Ok(answer) if answer.status == 200 => {
            let target = format!("/v1/ai_secret/{}", answer.string("/id"));
            match client.send("GET", &target, None) {
                Ok(read) if read.status == 200 && read.json() == answer.json() => Ok(()),
                Ok(read) if read.status >= 500 => {
                    seen.errors.push(format!("GET {target}: {}", read.status));
                    Ok(())
                }
                other => Err(format!("acknowledged, but then GET {target}: {other:?}")),
            }
        }
        Ok(answer) if answer.status < 500 => Err(format!("POST: {} {}", answer.status, answer.text())),
        Ok(answer) => {
            seen.errors.push(format!("POST: {}", answer.status));
            Ok(())
        }
        Err(problem) => {
            seen.errors.push(format!("POST: {problem}"));
            Ok(())
        }
    }
}
