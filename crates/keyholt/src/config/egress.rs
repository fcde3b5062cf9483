//! Where the gateway may send requests besides the public internet, and whose certificates it believes there.

use std::fs;
use std::path::Path;

use keyholt_gateway::egress::{EgressEntry, EgressPolicy, NotAnEntry, PrivateCa};

use super::UsageError;
use super::options::Egress;

/// The policy that the options make.
///
/// # Errors
/// When one is no entry, the file of authorities cannot be read or holds none, or there is nothing that it is for.
pub(super) fn egress_policy(options: Egress) -> Result<EgressPolicy, UsageError> {
    let entries = options.allow.unwrap_or_default();
    let allowed = entries.iter().map(|entry| entry.parse()).collect::<Result<Vec<EgressEntry>, NotAnEntry>>();
    let mut allowed = allowed.map_err(|problem| UsageError(format!("egress.allow: {problem}")))?;
    if let Some(file) = options.ca {
        if allowed.is_empty() {
            let problem = "egress.ca: is believed for the hosts of egress.allow, and there are none";
            return Err(UsageError(problem.to_owned()));
        }
        let ca = private_ca(&file)?;
        allowed = allowed.into_iter().map(|entry| entry.with_ca(ca.clone())).collect();
    }
    Ok(EgressPolicy { allowed })
}

fn private_ca(file: &Path) -> Result<PrivateCa, UsageError> {
    let shown = file.display();
    let pem = fs::read(file);
    let pem = pem.map_err(|problem| UsageError(format!("egress.ca: {shown} cannot be read: {problem}")))?;
    PrivateCa::parse(&pem).map_err(|problem| UsageError(format!("egress.ca: {shown} {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_that_cannot_be_believed_or_are_for_nothing_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let path = directory.path().join("ca.pem");
            fs::write(&path, text).unwrap();
            path
        };
        let refused = |allow: &[&str], ca| {
            let allow = Some(allow.iter().map(|entry| (*entry).to_owned()).collect());
            egress_policy(Egress { allow, ca: Some(ca) }).unwrap_err().to_string()
        };
        for (said, expected) in [
            (refused(&["a"], directory.path().join("missing")), "cannot be read: No such file"),
            (refused(&["a"], directory.path().to_owned()), "cannot be read: "),
            (refused(&["a"], file("")), "must be one or more certificates in PEM"),
            (refused(&["a"], file("certificate")), "must be one or more certificates in PEM"),
            (refused(&[], file("")), "egress.allow, and there are none"),
            (refused(&["https://a"], file("")), "egress.allow: must be host"),
        ] {
            assert!(said.contains(expected) && said.starts_with("egress.") && !said.contains('\n'), "{said}");
        }
    }
}
