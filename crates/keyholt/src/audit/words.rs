//! The audit log's words, as people read them.

use keyholt_types::{Action, SubjectKind};

/// What was done, or was to be done. What is done to it, the subject says. A word of a newer server stays as it is.
pub(super) fn action_in_words(word: &str) -> &str {
    let Some(action) = Action::parse(word) else { return word };
    match action {
        Action::DeploymentCreate
        | Action::OrgCreate
        | Action::ProjectCreate
        | Action::PrincipalCreate
        | Action::ApiKeyCreate
        | Action::SecretCreate => "make",
        Action::ClockJump => "move clock",
        Action::OrgKeyCreate => "make encryption key",
        Action::OrgRename | Action::ProjectRename => "rename",
        Action::PrincipalUpdate | Action::SecretUpdate => "change",
        Action::ProjectDelete | Action::SecretDelete => "delete",
        Action::MemberAdd => "add to organisation",
        Action::MemberUpdate => "change rights",
        Action::MemberRemove => "remove from organisation",
        Action::ApiKeyRevoke => "revoke",
        Action::SecretRotate => "give new value",
        Action::SecretExpire => "erase when expired",
        Action::SecretImport => "import",
        Action::SecretLocked => "find locked",
        Action::SecretUse => "use",
        Action::SecretReveal => "reveal",
        Action::SecretResolve => "resolve for a model",
        Action::SecretTest => "test",
        Action::SecretEcho => "take out of an answer",
        Action::SecretConfirmHosts => "confirm hosts",
        Action::CredentialCreate => "make short-lived credential",
        Action::Authenticate => "sign in",
        Action::SecretRead => "read secrets",
        Action::SecretWrite => "change secrets",
        Action::IdentityRead => "read members and keys",
        Action::IdentityManage => "manage members and keys",
        Action::AuditRead => "read audit log",
        Action::Operate => "act as operator",
    }
}

/// What kind of thing it was done to.
pub(super) fn subject_in_words(word: &str) -> &str {
    let Some(kind) = SubjectKind::parse(word) else { return word };
    match kind {
        SubjectKind::Deployment => "installation",
        SubjectKind::Org => "organisation",
        SubjectKind::Project => "project",
        SubjectKind::Principal => "member",
        SubjectKind::ApiKey => "API key",
        SubjectKind::Secret => "secret",
        SubjectKind::ProjectSecret => "project secret",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_log_is_put_into_words_and_an_unknown_one_stays() {
        for action in Action::ALL {
            assert!(!action_in_words(action.word()).contains(['.', '_']), "{action:?}");
        }
        for kind in SubjectKind::ALL {
            assert!(!subject_in_words(kind.word()).contains('_'), "{kind:?}");
        }
        assert_eq!((action_in_words("moon.land"), subject_in_words("moon")), ("moon.land", "moon"));
    }
}
