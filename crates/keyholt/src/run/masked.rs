//! Running a command as a child whose output is passed on without the values.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, pipe};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use keyholt_gateway::scrub::{Forms, Scrubber};
use keyholt_types::SecretValue;
use rustix::process::{Pid, Signal, kill_current_process_group, kill_process};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::ended::CommandEnded;
use super::launch::{Launch, allow_huge_pages};
use super::pump::Pump;
use super::signals::{Event, Signals, has_stopped, pass_on};
use super::streams::{Output, all_are_of_a_terminal, connect_each, connect_to_terminal};
use super::terminal::{OwnTerminal, PassingKeys, copy_size, pass_keys};

/// How many bytes a line of a value must have to be looked for by itself.
const SHORTEST_LINE: usize = 16;

/// Of how many lines of a value that is done: each makes the search longer. Keys have about 50.
const MOST_LINES: usize = 100;

/// How long the output of a command that was stopped is passed on before the shell is told.
const LAST_SHOWN: Duration = Duration::from_millis(100);

/// Runs the command to its end.
///
/// # Errors
/// When the system has no room for what is needed around it. That the command itself cannot be started is no error
/// here, but a way to end.
pub(super) async fn run(launch: Launch) -> Result<CommandEnded> {
    let mut signals = Signals::listen()?;
    let mut surroundings = Surroundings::of(&launch).context("the command's output cannot be connected")?;
    let program = launch.program().to_owned();
    // The command and what looks for the values hold what they need of them.
    drop(launch);
    let spawned = surroundings.command.spawn();
    let Surroundings { command, keys, sizes, ended, mut all_passed_on } = surroundings;
    // Not before this is dropped are its ends of the outputs closed here, so that those of the child are the only ones.
    drop(command);
    let mut child = match spawned {
        Ok(child) => child,
        Err(problem) => return Ok(CommandEnded::without_a_start(&program, &problem)),
    };
    let status = wait_for(&mut child, &mut signals, keys.as_ref(), &sizes).await?;
    drop(ended);
    loop {
        tokio::select! {
            _ = all_passed_on.recv() => break,
            // What the command left behind goes on writing, and somebody wants an end of it.
            event = signals.next() => if let Event::Meant(_) = event { break },
        }
    }
    Ok(CommandEnded::with(status))
}

/// All that a child needs around it.
struct Surroundings {
    /// The child, ready to be started.
    command: Command,
    /// The user's terminal, when the child has one of its own in its place.
    keys: Option<PassingKeys>,
    /// Each of the user's terminals with the child's in its place.
    sizes: Vec<(File, File)>,
    /// To be dropped when the child has ended.
    ended: PipeWriter,
    /// Ends when all output was passed on.
    all_passed_on: Receiver<Infallible>,
}

impl Surroundings {
    fn of(launch: &Launch) -> io::Result<Self> {
        let (is_ended, ended) = pipe()?;
        let (mut command, outputs, keys);
        if all_are_of_a_terminal() {
            let terminal = OwnTerminal::like(io::stdin())?;
            command = launch.command_in_terminal();
            outputs = vec![connect_to_terminal(&mut command, &terminal)?];
            keys = Some(PassingKeys::begin()?);
            begin_to_pass_keys(terminal.here.into(), is_ended.try_clone()?)?;
        } else {
            command = launch.command();
            outputs = connect_each(&mut command)?;
            keys = None;
        }
        let forms = forms_of(launch, keys.is_some());
        let mut sizes = Vec::new();
        let (passed_on, all_passed_on) = channel(1);
        for output in outputs {
            if output.is_watched {
                sizes.push((output.to.try_clone()?, output.from.try_clone()?));
            }
            begin_to_pass_on(output, Scrubber::of(forms.clone()), is_ended.try_clone()?, passed_on.clone())?;
        }
        allow_huge_pages();
        Ok(Self { command, keys, sizes, ended, all_passed_on })
    }
}

/// What is to be taken out. Of a value of several lines also each line that says much: programs indent them, or show one
/// of them in a message. A terminal of the command's own shows a line break as two characters, also one within a
/// value, such as those of a private key.
fn forms_of(launch: &Launch, is_own_terminal: bool) -> Forms {
    let with_breaks = |value: &SecretValue| {
        #[expect(
            clippy::disallowed_methods,
            reason = "EXPOSE: to be found on a terminal, it must be known as it is shown"
        )]
        let text = value.expose();
        (is_own_terminal && text.contains('\n')).then(|| SecretValue::parse(text.replace('\n', "\r\n")).ok())?
    };
    let as_shown = launch.variables.values().filter_map(with_breaks);
    let as_shown: Vec<SecretValue> = as_shown.chain(launch.variables.values().flat_map(lines_of)).collect();
    Forms::of(&launch.variables.values().chain(&as_shown).collect::<Vec<_>>())
}

/// The lines of a value that has several; not those that are short or only frame it, which ordinary output has, too.
fn lines_of(value: &SecretValue) -> impl Iterator<Item = SecretValue> {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: to be found, each of its lines must be known")]
    let text = value.expose();
    let lines = text.lines().map(str::trim).filter(|_| text.trim().contains('\n'));
    let says_much = |line: &&str| line.len() >= SHORTEST_LINE && !line.starts_with("-----");
    lines.filter(says_much).take(MOST_LINES).filter_map(|line| SecretValue::parse(line.to_owned()).ok())
}

fn begin_to_pass_on(
    output: Output,
    scrubber: Scrubber,
    is_ended: PipeReader,
    passed_on: Sender<Infallible>,
) -> io::Result<()> {
    let Output { from, to, is_watched } = output;
    let pump = Pump { from, to, scrubber, is_watched };
    let pass_on = move || {
        pump.run(&is_ended);
        drop(passed_on);
    };
    thread::Builder::new().name("output".to_owned()).spawn(pass_on).map(drop)
}

fn begin_to_pass_keys(to: File, is_ended: PipeReader) -> io::Result<()> {
    thread::Builder::new().name("keys".to_owned()).spawn(move || pass_keys(&to, &is_ended)).map(drop)
}

/// Waits for the child's end, and tells it what it must know until then.
async fn wait_for(
    child: &mut Child,
    signals: &mut Signals,
    keys: Option<&PassingKeys>,
    sizes: &[(File, File)],
) -> Result<ExitStatus> {
    let pid = Pid::from_child(child);
    loop {
        // A child that has been waited for has given its id back: it is told nothing after this.
        if let Some(status) = child.try_wait().context("the command cannot be waited for")? {
            return Ok(status);
        }
        if let Some(keys) = keys
            && has_stopped(pid)
        {
            stop_with(pid, keys, sizes).await;
            continue;
        }
        match signals.next().await {
            Event::Child => {}
            Event::Size => {
                sizes.iter().for_each(|(users, childs)| copy_size(users, childs));
                if keys.is_none() {
                    // It was told by the user's terminal already, but may have looked at its own too early.
                    pass_on(Signal::WINCH, pid, true);
                }
            }
            Event::Resumed => {
                if let Some(keys) = keys {
                    // Without it the keys arrive line by line.
                    let _ = keys.again();
                }
            }
            Event::Meant(signal) => pass_on(signal, pid, keys.is_none()),
        }
    }
}

/// The command was stopped, as by Ctrl-Z on its terminal: the user's shell is told by the same signal to this program and
/// all that belongs to its job. Here it goes on after the shell's `fg`; where nobody could let it go on, and the system
/// ignores the signal for that, at once.
async fn stop_with(command: Pid, keys: &PassingKeys, sizes: &[(File, File)]) {
    // What it showed last is to be seen before the shell's words.
    tokio::time::sleep(LAST_SHOWN).await;
    keys.leave();
    let _ = kill_current_process_group(Signal::TSTP);
    // In the background this stops it again: the command has a terminal, and needs the user's.
    let _ = keys.again();
    sizes.iter().for_each(|(users, childs)| copy_size(users, childs));
    // One that ended just now needs no signal any more.
    let _ = kill_process(command, Signal::CONT);
}
