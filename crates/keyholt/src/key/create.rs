//! `keyholt key create`.

use anyhow::Result;
use clap::Args;
use keyholt_types::AddressRange;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::client::{ClientOptions, text};
use crate::duration::parse_seconds;
use crate::member;
use crate::output;
use crate::rights::GivenRights;

/// Make an API key and print it, this once
#[derive(Debug, Args)]
#[command(mut_group("GivenRights", |group| group.required(true)), after_help = "\
Examples:
  keyholt key create --role app --name checkout-service --expires-in 90d
  keyholt key create --for ada --role engineer --name ada-laptop
  keyholt key create --role app --name evals --names 'OPENAI_*,ANTHROPIC_*' --from 10.0.0.0/8
  keyholt key create --org research --org search --rights read,use --name dashboards
  export KEYHOLT_API_KEY=$(keyholt key create --role engineer --name ci)

The key goes to standard output, all else to standard error. Nobody can be given more than you
have: more rights, other secrets, a longer life, an organisation that you may not administer.
But an operator makes the first owner's key of a new organisation:
  keyholt key create --org research --role owner --name ada")]
pub(crate) struct Create {
    /// Its name, which the audit log shows
    #[arg(long)]
    name: String,

    #[command(flatten)]
    rights: GivenRights,

    /// The user or service account that it stands for, by name or id [default: a service account of its own]
    #[arg(long = "for", value_name = "MEMBER")]
    member: Option<String>,

    /// An organisation that it belongs to; may be given several times [default: your only one]
    #[arg(long = "org", value_name = "NAME")]
    orgs: Vec<String>,

    /// Its project in the first organisation, whose secrets it sees as a project's [default: default]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,

    /// When it ceases to be valid, from now: 12h, 90d, 2w [default: when yours does]
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    expires_in: Option<u64>,

    /// Only for secrets of these names: `*` is any text, `?` any character [default: all]
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', help_heading = "Narrow it")]
    names: Vec<String>,

    /// Only for secrets of these types [default: all]
    #[arg(long, value_name = "TYPES", value_delimiter = ',', help_heading = "Narrow it")]
    types: Vec<String>,

    /// Only for requests from these addresses or networks [default: anywhere]
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', help_heading = "Narrow it")]
    from: Vec<AddressRange>,

    /// With the operator's mark: may make organisations and verify the audit log
    #[arg(long)]
    operator: bool,

    #[command(flatten)]
    client: ClientOptions,
}

impl Create {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let mut body = self.body();
        if let Some(name_or_id) = &self.member {
            let org = self.orgs.first().map(String::as_str);
            let member = member::find::the_one(&server, None, org, name_or_id).await?;
            body.insert("principal".to_owned(), json!(text(&member, "id")));
        }
        let issued = server.send_body(Method::POST, "api-keys", &Value::Object(body)).await?;
        if self.client.json {
            return output::json(&issued);
        }
        output::note(&format!("made API key {}; it is shown this once:", text(&issued, "id")));
        output::line(text(&issued, "key"))
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        self.rights.put_into(&mut body);
        let from: Vec<String> = self.from.iter().map(AddressRange::to_string).collect();
        let lists =
            [("orgs", &self.orgs), ("names", &self.names), ("types", &self.types), ("addresses", &from)];
        for (member, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            body.insert(member.to_owned(), json!(list));
        }
        if let Some(project) = &self.project {
            body.insert("project".to_owned(), json!(project));
        }
        if let Some(seconds) = self.expires_in {
            body.insert("expires_in_seconds".to_owned(), json!(seconds));
        }
        if self.operator {
            body.insert("operator".to_owned(), json!(true));
        }
        body
    }
}
