//! The classes of credentials that must not be told apart, and the keys that they are made of.

use std::net::{IpAddr, Ipv4Addr};

use keyholt_crypto::ApiKeyToken;
use keyholt_engine::{NewApiKey, NewKeyRights};
use keyholt_testkit::{Random, TestEngine};
use keyholt_types::{ApiKeyId, Credential, OrgName, RequestContext, Restriction, Role};

/// From where the keys may be used that have a list of addresses, as a network and as an address in it.
const INSIDE: (&str, IpAddr) = ("10.0.0.0/8", IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)));
/// From where all measured requests come.
pub(crate) const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// How many characters a guess has right.
const SHARED: usize = 20;
/// How long keys live that are to expire, in seconds.
const LIFETIME: i64 = 3600;

/// What a credential is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Unknown, and with the first characters of a valid key.
    Near,
    /// Unknown, and with none of them in its place.
    Far,
    /// Unknown: a new one each time.
    Unknown,
    /// Of a key that was revoked.
    Revoked,
    /// Of a key that has expired.
    Expired,
    /// Of a valid key that may be used from elsewhere only, and is.
    Elsewhere,
}

/// What is compared with what.
pub(crate) const COMPARISONS: [[Class; 2]; 5] = [
    [Class::Near, Class::Far],
    [Class::Unknown, Class::Revoked],
    [Class::Unknown, Class::Expired],
    [Class::Revoked, Class::Expired],
    [Class::Unknown, Class::Elsewhere],
];

impl Class {
    /// Its name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Near => "20 characters right",
            Self::Far => "none right",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Elsewhere => "from elsewhere",
        }
    }
}

/// The keys of one comparison.
pub(crate) struct Keys {
    revoked: Vec<ApiKeyToken>,
    expired: Vec<ApiKeyToken>,
    elsewhere: Vec<ApiKeyToken>,
    /// One that is valid, for what is guessed of it.
    valid: ApiKeyToken,
}

impl Keys {
    /// Makes so many of each kind that these classes need. Every key has been used before it became what it is.
    pub(crate) async fn make(test: &TestEngine, classes: &[Class], count: usize) -> Self {
        let is_narrowed = classes.contains(&Class::Elsewhere);
        let (mut revoked, mut expired, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
        let mut to_revoke = Vec::new();
        // In turns: how old a key is must make no difference.
        for _ in 0..count {
            if classes.contains(&Class::Revoked) {
                let (id, token) = issue(test, None, false).await;
                to_revoke.push(id);
                revoked.push(token);
            }
            if classes.contains(&Class::Expired) {
                expired.push(issue(test, Some(LIFETIME), false).await.1);
            }
            if classes.contains(&Class::Elsewhere) {
                elsewhere.push(issue(test, None, true).await.1);
            }
        }
        let (_, valid) = issue(test, None, is_narrowed).await;
        for id in to_revoke {
            test.engine.revoke_api_key(&test.owner, id).await.expect("revoked");
        }
        // What is known of keys is forgotten when another one changes.
        for token in expired.iter().chain(&elsewhere) {
            use_once(test, token).await;
        }
        test.clock.advance_seconds(2 * LIFETIME);
        Self { revoked, expired, elsewhere, valid }
    }

    /// A credential of this class.
    pub(crate) fn credential(&self, class: Class, random: &mut Random) -> Credential {
        match class {
            Class::Near => self.guess(random, |right, _| right),
            Class::Far => self.guess(random, |right, random| {
                random.pick(&['a', 'b', 'c', 'd']).filter(|letter| **letter != right).copied().unwrap_or('e')
            }),
            Class::Unknown => ApiKeyToken::make().expect("a key").credential(),
            Class::Revoked => one_of(&self.revoked, random),
            Class::Expired => one_of(&self.expired, random),
            Class::Elsewhere => one_of(&self.elsewhere, random),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: guesses are made of a key that is thrown away")]
    fn guess(&self, random: &mut Random, first: impl Fn(char, &mut Random) -> char) -> Credential {
        let other = ApiKeyToken::make().expect("a key");
        let rest = other.expose().chars().skip(SHARED);
        let mut text: String =
            self.valid.expose().chars().take(SHARED).map(|right| first(right, random)).collect();
        text.extend(rest);
        Credential::new(text)
    }
}

fn one_of(keys: &[ApiKeyToken], random: &mut Random) -> Credential {
    random.pick(keys).expect("a key").credential()
}

async fn issue(test: &TestEngine, lifetime_seconds: Option<i64>, is_narrowed: bool) -> (ApiKeyId, ApiKeyToken) {
    let (network, _) = INSIDE;
    let addresses = is_narrowed.then(|| network.parse().expect("a network")).into_iter().collect();
    let new = NewApiKey {
        name: OrgName::parse("robot").expect("a name"),
        principal: None,
        orgs: Vec::new(),
        project: None,
        rights: NewKeyRights::Exactly(Role::App.rights()),
        restriction: Restriction { addresses, ..Restriction::default() },
        operator: false,
        replaces_namesakes: false,
        lifetime_seconds,
    };
    let issued = test.engine.create_api_key(&test.owner, new).await.expect("an API key");
    use_once(test, &issued.token).await;
    (issued.api_key.id, issued.token)
}

async fn use_once(test: &TestEngine, token: &ApiKeyToken) {
    let (_, address) = INSIDE;
    let request = RequestContext { id: test.engine.make_request_id(), address: Some(address) };
    test.engine.authenticate(&token.credential(), request).await.expect("a valid key");
}
