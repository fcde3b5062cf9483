//! What was answered against what is true.

use std::collections::BTreeSet;

use serde_json::Value;

use super::state::{NATIVE, Seen, State, id_of, is_locked};

/// The newest state that all answers fit; those that say that they are errors fit any.
///
/// # Errors
/// In words, when there is none: an answer is wrong.
pub(super) fn newest_that_fits(states: &[State], seen: &Seen) -> Result<usize, String> {
    let locked = seen.locked();
    let mut why = String::new();
    for (number, state) in states.iter().enumerate().rev() {
        match fits(state, &seen.state, &locked) {
            Ok(()) => return Ok(number),
            // Of the newest state.
            Err(problem) if why.is_empty() => why = problem,
            Err(_) => {}
        }
    }
    Err(why)
}

fn fits(state: &State, seen: &State, locked: &BTreeSet<String>) -> Result<(), String> {
    for (target, rows) in &seen.lists {
        let truth = state.lists.get(target).map(Vec::as_slice).unwrap_or_default();
        let known: BTreeSet<String> = truth.iter().map(id_of).collect();
        if *target == NATIVE
            && let Some(stranger) = rows.iter().find(|row| is_locked(row) && !known.contains(&id_of(row)))
        {
            return Err(format!("{target} shows a locked row that never was: {stranger}"));
        }
        let open = |row: &&Value| !locked.contains(&id_of(row)) && !is_locked(row);
        let (truth, shown): (Vec<_>, Vec<_>) =
            (truth.iter().filter(open).collect(), rows.iter().filter(open).collect());
        if truth != shown {
            return Err(format!("{target}: {}", difference(&truth, &shown)));
        }
    }
    Ok(())
}

fn difference(truth: &[&Value], shown: &[&Value]) -> String {
    let missing: Vec<_> = truth.iter().filter(|row| !shown.contains(row)).collect();
    let strange: Vec<_> = shown.iter().filter(|row| !truth.contains(row)).collect();
    format!("{} rows in place of {}; missing: {missing:?}; wrong: {strange:?}", shown.len(), truth.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn seen(rows: &[Value]) -> Seen {
        let native =
            rows.iter().map(|row| json!({ "id": row["id"], "locked": row["locked"] == true })).collect();
        let lists = BTreeMap::from([(NATIVE, native), ("/v1/ai_secret", rows.to_vec())]);
        Seen { state: State { lists }, ..Seen::default() }
    }

    fn all<'a>(rows: impl IntoIterator<Item = &'a Value>) -> Seen {
        seen(&rows.into_iter().cloned().collect::<Vec<_>>())
    }

    #[test]
    fn a_row_that_is_missing_or_another_is_wrong_and_one_that_is_locked_is_not() {
        let (a, b) = (json!({ "id": "a", "n": 1 }), json!({ "id": "b", "n": 1 }));
        let states = [all([&a]).state, all([&a, &b]).state];
        assert_eq!(newest_that_fits(&states, &all([&a, &b])), Ok(1));
        assert_eq!(newest_that_fits(&states, &all([&a])), Ok(0), "an earlier state");
        assert!(newest_that_fits(&states, &all([&b])).is_err(), "missing");
        assert!(newest_that_fits(&states, &all([&json!({ "id": "a", "n": 2 }), &b])).is_err());
        assert!(newest_that_fits(&states, &all([&b, &a])).is_err(), "in another order");
        let mut locked = all([&a, &b]);
        locked
            .state
            .lists
            .insert(NATIVE, vec![json!({ "id": "a", "locked": false }), json!({ "id": "b", "locked": true })]);
        locked.state.lists.insert("/v1/ai_secret", vec![a]);
        assert_eq!(newest_that_fits(&states, &locked), Ok(1));
    }
}
