//! Ending a membership.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;

use super::find;
use crate::client::{ClientOptions, text};
use crate::confirmation::Confirmation;
use crate::output::{self, visible};

/// Whose membership ends.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// The member's name or id
    #[arg(value_name = "NAME|ID")]
    member: String,

    /// The organisation, where it is a member of several
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    confirmation: Confirmation,

    #[command(flatten)]
    client: ClientOptions,
}

impl Rm {
    pub(super) async fn run(self, kind: PrincipalKind) -> Result<()> {
        self.confirmation.check("remove")?;
        let server = self.client.connect()?;
        let member = find::the_one(&server, Some(kind), self.org.as_deref(), &self.member).await?;
        let (name, id) = (visible(text(&member, "name")), text(&member, "id"));
        let question =
            format!("Remove {name} ({id}) from the organisation? Its API keys may do nothing there any more.");
        self.confirmation.ask(&question, "nobody was removed")?;
        let org = self.org.as_deref();
        let removed = server.delete(&format!("principals/{id}"), &[("org", org)]).await;
        let removed = removed.map_err(|error| find::explain(error, org, &member))?;
        if self.client.json { output::json(&removed) } else { output::line(&format!("removed {name}")) }
    }
}
