//! How far long work is, on a terminal; elsewhere nothing is shown.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyholt_engine::VerifyProgress;
use keyholt_store::{CopyProgress, CopyStage};

use super::interrupt::Begun;

/// Draws a line on standard error, which goes when this goes.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Begun,
}

impl Progress {
    /// Of work whose length is known.
    pub(super) fn bar(begun: Begun) -> Self {
        Self::styled("{bar:30} {percent:>3}%  {msg}  {eta} left", begun)
    }

    /// Of work whose length is not known.
    pub(super) fn counter() -> Self {
        Self::styled("{spinner} {msg}", Begun::default())
    }

    fn styled(template: &str, begun: Begun) -> Self {
        // What is no terminal gets nothing.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, begun }
    }

    pub(super) fn copying(&self, progress: CopyProgress) {
        // It tells of nothing before the target says that it is unfinished.
        self.begun.set();
        let does = match progress.stage {
            CopyStage::Reading => "reading",
            CopyStage::Writing => "writing",
            CopyStage::Comparing => "comparing",
        };
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("{does} {}", progress.table));
    }

    pub(super) fn verifying(&self, progress: VerifyProgress) {
        self.bar.set_message(match progress {
            VerifyProgress::File => "reading the file".to_owned(),
            VerifyProgress::AuditEvents(count) => format!("audit log: {count} events"),
            VerifyProgress::ApiKeys(count) => format!("{count} API keys"),
            VerifyProgress::Secrets(count) => format!("{count} secrets"),
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
