//! Looks for an order of the calls in which one store would have answered as it was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::call::{Call, Operation, Outcome};
use super::state::State;

/// How many configurations one call may be explained with before the check gives up.
const MOST: usize = 200_000;

/// Why a history is not known to be linearizable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// No order explains this answer together with those before it.
    Anomaly {
        /// The call, by its place in the history.
        call: usize,
        /// In words: the call, what was going on at the time, and the states that the store can have been in.
        report: String,
    },
    /// Two calls are said to have made a record of this id.
    IdTwice(String),
    /// Too many calls at a time to find out; nothing is known.
    TooWide {
        /// The call at which it was given up.
        call: usize,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anomaly { report, .. } => f.write_str(report),
            Self::IdTwice(id) => write!(f, "two calls made a record of the id {id}"),
            Self::TooWide { call } => write!(f, "call {call}: too many calls at a time to check"),
        }
    }
}

/// Checks the history of one cell, in any order of its calls. It begins with no record.
///
/// Keeps all configurations that explain the answers so far: a state, and which of the calls under way have taken
/// effect. A call takes effect only when its answer, or that of another which needs it, is due (Lowe 2017): an order
/// that does it earlier can be changed into one that does not. The work grows with the number of calls and,
/// exponentially, with how many are under way at a time; those without an answer are under way to the end.
///
/// # Errors
/// The first flaw.
pub fn check(history: &[Call]) -> Result<(), Flaw> {
    let created = created(history)?;
    let mut search = Search { history, created, open: BTreeSet::new(), explained: Configurations::default() };
    search.explained.insert(Configuration::default(), history);
    for event in events(history) {
        match event {
            Event::Invoked(call) => drop(search.open.insert(call)),
            Event::Answered(call) => search.answer(call)?,
        }
    }
    Ok(())
}

enum Event {
    Invoked(usize),
    Answered(usize),
}

/// All events by their time. At the same time calls begin first: they may have overlapped.
fn events(history: &[Call]) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, call) in history.iter().enumerate() {
        events.push((call.invoked, 0, Event::Invoked(number)));
        events.extend(call.answer.as_ref().map(|(time, _)| (*time, 1, Event::Answered(number))));
    }
    events.sort_by_key(|(time, rank, _)| (*time, *rank));
    events.into_iter().map(|(_, _, event)| event).collect()
}

/// The ids of the records that calls were answered to have made.
fn created(history: &[Call]) -> Result<BTreeSet<String>, Flaw> {
    let mut ids = BTreeSet::new();
    for call in history {
        let makes = matches!(call.operation, Operation::Create { .. } | Operation::Put { .. });
        if let Some((_, Outcome::Row { row, found: false })) = &call.answer
            && makes
            && !ids.insert(row.id.clone())
        {
            return Err(Flaw::IdTwice(row.id.clone()));
        }
    }
    Ok(ids)
}

/// A state that explains all answers so far.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct Configuration {
    state: State,
    /// The calls under way that have taken effect.
    done: BTreeSet<usize>,
}

/// Configurations, by their states.
#[derive(Default)]
struct Configurations(BTreeMap<State, Vec<BTreeSet<usize>>>);

impl Configurations {
    /// Adds one, unless another of the same state explains all that it does: the same calls have taken effect, but
    /// for some without an answer, which may do so later or never.
    fn insert(&mut self, new: Configuration, history: &[Call]) {
        let unanswered = |call: &usize| history.get(*call).is_some_and(|call| call.answer.is_none());
        let covers = |less: &BTreeSet<usize>, more: &BTreeSet<usize>| {
            less.is_subset(more) && more.difference(less).all(unanswered)
        };
        let all = self.0.entry(new.state).or_default();
        if !all.iter().any(|done| covers(done, &new.done)) {
            all.retain(|done| !covers(&new.done, done));
            all.push(new.done);
        }
    }

    fn into_iter(self) -> impl Iterator<Item = Configuration> {
        let each = |(state, all): (State, Vec<BTreeSet<usize>>)| {
            all.into_iter().map(move |done| Configuration { state: state.clone(), done })
        };
        self.0.into_iter().flat_map(each)
    }
}

struct Search<'a> {
    history: &'a [Call],
    created: BTreeSet<String>,
    /// The calls that have begun and are not answered yet.
    open: BTreeSet<usize>,
    /// All that explains the answers so far.
    explained: Configurations,
}

impl Search<'_> {
    /// Keeps what explains this answer too.
    fn answer(&mut self, call: usize) -> Result<(), Flaw> {
        let before = std::mem::take(&mut self.explained);
        let states: Vec<State> = before.0.keys().take(3).cloned().collect();
        let mut seen = BTreeSet::new();
        let mut left: Vec<Configuration> = before.into_iter().collect();
        while let Some(mut configuration) = left.pop() {
            let changes = self.absorb(&mut configuration);
            if configuration.done.remove(&call) {
                self.explained.insert(configuration, self.history);
                continue;
            }
            for (next, state) in changes {
                let mut done = configuration.done.clone();
                done.insert(next);
                let longer = Configuration { state, done };
                if seen.insert(longer.clone()) {
                    left.push(longer);
                }
            }
            if seen.len() > MOST {
                return Err(Flaw::TooWide { call });
            }
        }
        if self.explained.0.is_empty() {
            return Err(Flaw::Anomaly { call, report: self.report(call, &states) });
        }
        self.open.remove(&call);
        Ok(())
    }

    /// Lets all reads take effect that this state answers as they were answered: to do so later explains nothing
    /// more. Gives the states after each of the others that it answers so.
    fn absorb(&self, configuration: &mut Configuration) -> Vec<(usize, State)> {
        let Configuration { state, done } = configuration;
        let mut changes = Vec::new();
        for next in &self.open {
            if done.contains(next) {
                continue;
            }
            match self.after(state, *next) {
                Some(after) if after == *state && self.is_read(*next) => drop(done.insert(*next)),
                Some(after) => changes.push((*next, after)),
                None => {}
            }
        }
        changes
    }

    /// Whether a call changed nothing, by its answer. One that leaves a certain state as it is may still be needed to
    /// change another into that one.
    fn is_read(&self, number: usize) -> bool {
        let Some(Call { operation, answer: Some((_, outcome)), .. }) = self.history.get(number) else {
            return false;
        };
        match outcome {
            Outcome::Absent | Outcome::Taken => true,
            Outcome::Row { found, .. } => match operation {
                Operation::Get { .. } => true,
                Operation::Create { .. } => *found,
                Operation::Put { .. }
                | Operation::Patch { .. }
                | Operation::Delete { .. }
                | Operation::DeleteName { .. } => false,
            },
        }
    }

    fn after(&self, state: &State, number: usize) -> Option<State> {
        let call = self.history.get(number)?;
        let outcome = call.answer.as_ref().map(|(_, outcome)| outcome);
        state.after(number, &call.operation, outcome, &self.created)
    }

    fn report(&self, call: usize, states: &[State]) -> String {
        let mut report = format!("no order of the calls explains call {call}:\n");
        let others = self.open.iter().filter(|other| **other != call);
        for (number, word) in std::iter::once((&call, "it")).chain(others.map(|other| (other, "beside it"))) {
            report.push_str(&format!("  {word}: {number} {:?}\n", self.history.get(*number)));
        }
        for state in states {
            report.push_str(&format!("  the store can have held: {state:?}\n"));
        }
        report.push_str("  what was answered about the same records just before:\n");
        for (number, other) in self.history.iter().enumerate().filter(|(number, _)| *number != call) {
            if self.is_just_before(call, other) {
                report.push_str(&format!("  {number} {other:?}\n"));
            }
        }
        report
    }

    /// Whether a call ended in the 20 ms before another one did.
    fn is_just_before(&self, call: usize, other: &Call) -> bool {
        const SPAN: u64 = 20_000_000;
        let end = |call: &Call| call.answer.as_ref().map(|(time, _)| *time);
        let (Some(this), Some(other)) = (self.history.get(call).and_then(end), end(other)) else {
            return false;
        };
        other <= this && this - other < SPAN
    }
}
