//! Why a request came to nothing, and what to do about it.

use reqwest::StatusCode;

use crate::output::visible;

/// Why a request came to nothing. Prints as what happened and, on a second line, what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No answer.
    #[error("no answer from {url}: {problem}\n  {}", hint_for_silence(url, problem, *timed_out))]
    Unreachable {
        /// The server.
        url: String,
        /// What the network said.
        problem: String,
        /// Whether it was only too slow.
        timed_out: bool,
    },
    /// An answer that Keyholt would not give.
    #[error("{url} answered {status}, and not as a Keyholt server does\n  check KEYHOLT_URL or --url")]
    NotKeyholt {
        /// The server.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The server refused.
    #[error("{}{}", visible(message), hint_for_refusal(*status, message, *had_key))]
    Refused {
        /// The status.
        status: StatusCode,
        /// The code of the error, for programs.
        code: String,
        /// The server's sentence.
        message: String,
        /// Whether the request had an API key.
        had_key: bool,
    },
}

impl ClientError {
    /// Whether the server said that there is no such record.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, .. })
    }

    /// Whether the server said that the name is taken.
    pub(crate) fn is_name_taken(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "already_exists")
    }
}

fn hint_for_silence(url: &str, problem: &str, timed_out: bool) -> String {
    if timed_out {
        return "the server may be overloaded; a change may have happened all the same".to_owned();
    }
    if problem.contains("CaUsedAsEndEntity") {
        return "the server's certificate says that it is an authority; make one with basicConstraints=CA:FALSE"
            .to_owned();
    }
    if problem.contains("certificate") {
        return "if it is signed by an authority of your own, name a PEM file of that with SSL_CERT_FILE"
            .to_owned();
    }
    format!("is the server running? Start it with `keyholt serve`, or set KEYHOLT_URL if it is not at {url}")
}

fn hint_for_refusal(status: StatusCode, message: &str, had_key: bool) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST if message.starts_with("the organisation must be named") => {
            "\n  say which with --org"
        }
        StatusCode::BAD_REQUEST if message.starts_with("names must be given") => "\n  say which with --only",
        StatusCode::UNAUTHORIZED if had_key => {
            "\n  the API key is unknown here, expired or revoked, or its member suspended; set KEYHOLT_API_KEY to a valid one"
        }
        StatusCode::UNAUTHORIZED => "\n  set KEYHOLT_API_KEY to an API key of this server",
        StatusCode::FORBIDDEN => {
            "\n  use an API key with that right; `keyholt whoami` shows what this one may do"
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "\n  try again in a moment",
        StatusCode::INTERNAL_SERVER_ERROR => {
            "\n  the server's log says more; `keyholt doctor` checks its store"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: StatusCode, had_key: bool) -> String {
        let (code, message) = (String::new(), "Sorry\u{1b}[2J".to_owned());
        ClientError::Refused { status, code, message, had_key }.to_string()
    }

    #[test]
    fn an_error_says_what_to_do() {
        assert!(refusal(StatusCode::UNAUTHORIZED, false).contains("set KEYHOLT_API_KEY"));
        assert!(refusal(StatusCode::UNAUTHORIZED, true).contains("expired or revoked"));
        assert!(refusal(StatusCode::FORBIDDEN, true).contains("`keyholt whoami`"));
        assert!(
            hint_for_refusal(
                StatusCode::BAD_REQUEST,
                "the organisation must be named: it could be one of several",
                true
            )
            .contains("--org")
        );
        assert_eq!(refusal(StatusCode::BAD_REQUEST, true), r"Sorry\u{1b}[2J");
        let url = "http://127.0.0.1:8787".to_owned();
        let silent = ClientError::Unreachable { url, problem: "connection refused".into(), timed_out: false };
        assert!(silent.to_string().contains("`keyholt serve`"));
        let url = "https://keyholt.example".to_owned();
        let problem = "invalid peer certificate: UnknownIssuer".to_owned();
        let distrusted = ClientError::Unreachable { url, problem, timed_out: false };
        assert!(distrusted.to_string().contains("SSL_CERT_FILE"));
        let of_an_authority = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        assert!(hint_for_silence("https://keyholt.example", of_an_authority, false).contains("CA:FALSE"));
    }
}
