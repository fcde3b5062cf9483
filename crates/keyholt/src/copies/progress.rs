//! How far long work is, on a terminal; elsewhere nothing is shown.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyholt_engine::VerifyProgress;
use keyholt_store::{CopyProgress, CopyStage};

/// Draws a line on standard error, which goes when this goes.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of work whose length is known.
    pub(super) fn bar() -> Self {
        Self::styled("{bar:30} {percent:>3}%  {msg}  {eta} left")
    }

    /// Of work whose length is not known.
    pub(super) fn counter() -> Self {
        Self::styled("{spinner} {msg}")
    }

    fn styled(template: &str) -> Self {
        // What is no terminal gets nothing.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(super) fn copying(&self, progress: CopyProgress) {
        let does = match progress.stage {
            CopyStage::Writing => "writing",
            CopyStage::Comparing => "comparing",
        };
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
        self.0.set_message(format!("{does} {}", progress.table));
    }

    pub(super) fn verifying(&self, progress: VerifyProgress) {
        self.0.set_message(match progress {
            VerifyProgress::File => "reading the file".to_owned(),
            VerifyProgress::AuditEvents(count) => format!("audit log: {count} events"),
            VerifyProgress::ApiKeys(count) => format!("{count} API keys"),
            VerifyProgress::Secrets(count) => format!("{count} secrets"),
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
