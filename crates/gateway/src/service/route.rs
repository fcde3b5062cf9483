//! What a path below the gateway's own asks for.

use crate::refusal::Refusal;
use crate::target::Segments;

/// Where the gateway is served.
pub(super) const MOUNT: &str = "/v1/proxy";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A credential for a short time.
    Credentials,
    /// A request to a provider.
    Forward(Forward),
}

/// A request to a provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forward {
    /// The format.
    pub(super) format: Format,
    /// The path below the provider's base.
    pub(super) path: Segments,
    /// The model, where the path names it.
    pub(super) model: Option<String>,
}

/// A format of requests, which tells providers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenAI's, which many understand.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// Google's.
    Google,
}

impl Format {
    /// The gateway's path for the provider's base.
    pub(super) const fn mount(self) -> &'static str {
        match self {
            Self::OpenAi => MOUNT,
            Self::Anthropic => "/v1/proxy/anthropic/v1",
            Self::Google => "/v1/proxy/google",
        }
    }
}

impl Route {
    /// Reads a request's path.
    ///
    /// # Errors
    /// 400 for a path that two servers might read differently, 404 for one that leads nowhere.
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let below = path.strip_prefix(MOUNT).and_then(|rest| rest.strip_prefix('/'));
        let below = below.filter(|below| !below.is_empty()).ok_or(Refusal::UnknownPath)?;
        let segments = Segments::parse(below)?;
        let segments: Vec<&str> = segments.iter().collect();
        match segments.as_slice() {
            ["credentials"] => Ok(Self::Credentials),
            ["anthropic", "v1", path @ ..] => anthropic(path),
            ["google", path @ ("v1beta" | "v1"), "models", rest @ ..] => google(path, rest),
            ["google", "models", rest @ ..] => google("v1beta", rest),
            path => openai(path),
        }
    }
}

fn openai(path: &[&str]) -> Result<Route, Refusal> {
    let model = match path {
        ["models", model] => Some((*model).to_owned()),
        ["chat", "completions"] | ["completions"] | ["embeddings"] | ["moderations"] | ["models"] => None,
        ["responses", ..] | ["images" | "audio", _, ..] => None,
        _ => return Err(Refusal::UnknownPath),
    };
    forward(Format::OpenAi, path, model)
}

fn anthropic(path: &[&str]) -> Result<Route, Refusal> {
    let model = match path {
        ["models", model] => Some((*model).to_owned()),
        ["messages", ..] | ["models"] | ["complete"] => None,
        _ => return Err(Refusal::UnknownPath),
    };
    forward(Format::Anthropic, path, model)
}

/// The model stands before the colon: `models/gemini-2.5-pro:generateContent`.
fn google(version: &str, rest: &[&str]) -> Result<Route, Refusal> {
    let model = match rest {
        [] => None,
        [only] => Some(only.split(':').next().unwrap_or_default().to_owned()),
        _ => return Err(Refusal::UnknownPath),
    };
    let path: Vec<&str> = [version, "models"].into_iter().chain(rest.iter().copied()).collect();
    forward(Format::Google, &path, model)
}

fn forward(format: Format, path: &[&str], model: Option<String>) -> Result<Route, Refusal> {
    let path = Segments::of(path.iter().map(|segment| (*segment).to_owned()).collect())?;
    Ok(Route::Forward(Forward { format, path, model }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<(Format, String, Option<String>)> {
        match Route::parse(path) {
            Ok(Route::Forward(Forward { format, path, model })) => {
                Some((format, path.iter().collect::<Vec<_>>().join("/"), model))
            }
            Ok(Route::Credentials) | Err(_) => None,
        }
    }

    #[test]
    fn each_format_has_its_paths() {
        for path in [
            "chat/completions",
            "completions",
            "embeddings",
            "responses",
            "responses/resp_1",
            "responses/resp_1/cancel",
            "moderations",
            "models",
            "images/generations",
            "audio/transcriptions",
        ] {
            assert_eq!(read(&format!("/v1/proxy/{path}")), Some((Format::OpenAi, path.to_owned(), None)));
        }
        for path in ["messages", "messages/count_tokens", "messages/batches/b", "models", "complete"] {
            let read = read(&format!("/v1/proxy/anthropic/v1/{path}"));
            assert_eq!(read, Some((Format::Anthropic, path.to_owned(), None)));
        }
        let model = |text: &str| Some(text.to_owned());
        for (path, expected, named) in [
            (
                "models/gemini-2.5-pro:generateContent",
                "v1beta/models/gemini-2.5-pro:generateContent",
                "gemini-2.5-pro",
            ),
            ("v1/models/a:b", "v1/models/a:b", "a"),
            ("v1beta/models/a", "v1beta/models/a", "a"),
        ] {
            let read = read(&format!("/v1/proxy/google/{path}"));
            assert_eq!(read, Some((Format::Google, expected.to_owned(), model(named))));
        }
        assert_eq!(read("/v1/proxy/google/v1beta/models").unwrap().2, None);
        assert_eq!(read("/v1/proxy/models/ft:gpt-4o:a").unwrap().2, model("ft:gpt-4o:a"));
        assert_eq!(Route::parse("/v1/proxy/credentials"), Ok(Route::Credentials));
    }

    #[test]
    fn what_leads_nowhere_is_404() {
        for path in [
            "/v1/proxy",
            "/v1/proxy/",
            "/v1/proxyx/models",
            "/v1/proxy/files",
            "/v1/proxy/chat",
            "/v1/proxy/chat/completions/x",
            "/v1/proxy/images",
            "/v1/proxy/audio",
            "/v1/proxy/anthropic",
            "/v1/proxy/anthropic/messages",
            "/v1/proxy/anthropic/v1/chat/completions",
            "/v1/proxy/google/v1beta/files",
            "/v1/proxy/google/v1beta/models/a/b",
            "/v1/proxy/credentials/x",
            "/v1/proxy/v1/chat/completions",
        ] {
            assert_eq!(Route::parse(path), Err(Refusal::UnknownPath), "{path}");
        }
    }
}
