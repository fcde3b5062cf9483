//! Showing one member.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;

use super::{find, shown};
use crate::client::ClientOptions;
use crate::output;

/// Which member to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The member's name or id
    #[arg(value_name = "NAME|ID")]
    member: String,

    /// The organisation, where several members have that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Show {
    pub(super) async fn run(self, kind: PrincipalKind) -> Result<()> {
        let server = self.client.connect()?;
        let member = find::the_one(&server, Some(kind), self.org.as_deref(), &self.member).await?;
        if self.client.json { output::json(&member) } else { output::line(&shown::in_full(&member)) }
    }
}
