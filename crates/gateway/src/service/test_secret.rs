//! Testing values: the cheapest request that a provider knows.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use http::{Method, Request};
use keyholt_engine::providers::{ProviderType, Unfit, auth_for, cheapest_call};
use keyholt_engine::{Error, TestSecret, Tested, Testing, Usable, WhichVersion};
use keyholt_types::{Action, Caller, SecretId};

use super::gateway::Gateway;
use super::outgoing;
use super::shared::Shared;
use super::upload::whole;
use crate::egress::{ConnectError, UpstreamError};

impl TestSecret for Gateway {
    fn test<'a>(&'a self, caller: &'a Caller, id: SecretId) -> Testing<'a> {
        Box::pin(async move {
            let tested = match self.shared().engine.find_to_test(caller, id).await {
                Ok(usable) => test(self.shared(), caller, &usable).await,
                Err(error) => Err(error),
            };
            match tested {
                Err(Error::Unusable(Unfit::UnknownType)) => Ok(Tested::UnknownType),
                Err(Error::Unusable(unfit)) => Ok(Tested::Unusable(unfit)),
                other => other,
            }
        })
    }
}

async fn test(shared: &Shared, caller: &Caller, usable: &Usable) -> Result<Tested, Error> {
    let metadata = usable.secret().details.metadata.as_ref();
    let Some(call) = cheapest_call(usable.provider(), metadata) else { return Ok(Tested::UnknownType) };
    let permit = shared.settings.egress.check_url(&call.url);
    let permit = permit.map_err(|_| Error::Unusable(Unfit::NotAllowed))?;
    let org = *usable.secret().columns.collection.org().as_bytes();
    // A provider that hangs holds a test up as long as a request.
    let _slot = shared.slots.take().ok_or(Error::Busy)?;
    let _org_slot = shared.slots.take_for(org).ok_or(Error::Busy)?;
    let value = shared.engine.open_for_use(usable, WhichVersion::Present).await?;
    let mut passed = HeaderMap::new();
    passed.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let auth = value.as_ref().map(|value| auth_for(usable.provider(), metadata, value)).transpose();
    let headers = auth.and_then(|auth| outgoing::headers(&passed, usable, auth));
    let mut headers = headers.map_err(Error::Unusable)?.headers;
    if usable.provider() == ProviderType::Anthropic {
        // It takes no request without one.
        headers.entry("anthropic-version").or_insert(HeaderValue::from_static("2023-06-01"));
    }
    let mut request = Request::new(whole(Bytes::new()));
    *request.method_mut() = Method::from_bytes(call.method.as_bytes()).map_err(|_| Error::Internal)?;
    *request.uri_mut() = call.url.as_str().parse().map_err(|_| Error::Internal)?;
    *request.headers_mut() = headers;
    shared.engine.count_use(caller, usable, Action::SecretTest);
    match shared.upstreams.client(org, &permit).send(request).await {
        Ok(answer) if answer.status().is_success() => Ok(Tested::Valid),
        Ok(answer) => Ok(Tested::Refused { status: answer.status().as_u16() }),
        Err(UpstreamError::Connect(ConnectError::Refused(_))) => Err(Error::Unusable(Unfit::NotAllowed)),
        Err(
            UpstreamError::Connect(_)
            | UpstreamError::TimedOut
            | UpstreamError::NoAnswer
            | UpstreamError::RequestBody
            | UpstreamError::NotSendable,
        ) => Ok(Tested::Unreachable),
    }
}
