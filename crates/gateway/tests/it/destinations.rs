//! URLs of records, by all spellings of places where nobody's key belongs.

use std::net::IpAddr;

use keyholt_gateway::egress::{EgressPolicy, EgressRefused};
use url::Url;

/// What the world's DNS says, for better or worse.
fn resolve(name: &str) -> Vec<IpAddr> {
    let answers: &[&str] = match name {
        "localhost" | "localtest.me" | "127.0.0.1.nip.io" | "7f000001.nip.io" => &["127.0.0.1"],
        "app.localhost" | "ip6-localhost.example" => &["::1"],
        "metadata.google.internal" | "169.254.169.254.nip.io" => &["169.254.169.254"],
        "10-0-3-4.nip.io" | "intranet.example" => &["10.0.3.4"],
        "mixed.example" => &["104.18.7.192", "127.0.0.1"],
        "mixed-other-way.example" => &["10.0.0.1", "104.18.7.192"],
        "mapped.example" => &["::ffff:127.0.0.1"],
        "nat64.example" => &["64:ff9b::a00:304"],
        "6to4.example" => &["2002:7f00:1::"],
        "zero.example" => &["0.0.0.0"],
        "ula.example" => &["fd00:ec2::254"],
        "nowhere.example" => &[],
        _ => &["104.18.7.192", "2606:4700::6812:7c0"],
    };
    answers.iter().map(|address| address.parse().unwrap()).collect()
}

/// The place to which a URL would lead.
fn verdict(policy: &EgressPolicy, url: &str) -> Result<String, Option<EgressRefused>> {
    let url = Url::parse(url).map_err(|_| None)?;
    let permit = policy.check_url(&url).map_err(Some)?;
    let addresses = match url.host().unwrap() {
        url::Host::Domain(name) => resolve(name),
        url::Host::Ipv4(address) => vec![address.into()],
        url::Host::Ipv6(address) => vec![address.into()],
    };
    permit.check_addresses(&addresses).map_err(Some)?;
    Ok(permit.place().to_string())
}

fn policy(entries: &[&str]) -> EgressPolicy {
    EgressPolicy { allowed: entries.iter().map(|entry| entry.parse().unwrap()).collect() }
}

#[test]
fn a_public_name_is_reached_over_https_in_one_spelling() {
    for (url, place) in [
        ("https://api.openai.com/v1", "https://api.openai.com:443"),
        ("https://api.openai.com:443/v1", "https://api.openai.com:443"),
        ("HTTPS://API.OpenAI.COM", "https://api.openai.com:443"),
        ("https://api.openai%2Ecom/", "https://api.openai.com:443"),
        ("https://ａｐｉ.openai.com/", "https://api.openai.com:443"),
        ("https://api。openai。com/", "https://api.openai.com:443"),
        ("https://api.ope\u{ad}nai.com/", "https://api.openai.com:443"),
        // Tabs and line breaks are no part of a URL (WHATWG URL 4.4); what is left is what is connected to.
        ("https://api.open\tai.com\n/", "https://api.openai.com:443"),
        (" https://api.openai.com ", "https://api.openai.com:443"),
        ("https:api.openai.com", "https://api.openai.com:443"),
        ("https:\\\\api.openai.com\\v1", "https://api.openai.com:443"),
        ("https://host.example#@evil.example/", "https://host.example:443"),
        ("https://host.example\\@evil.example/", "https://host.example:443"),
        ("https://host.example/@evil.example", "https://host.example:443"),
        ("https://host.example?@evil.example", "https://host.example:443"),
        ("https://bücher.example/", "https://xn--bcher-kva.example:443"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example:443"),
        // Greek letters: another name, which its own owner's certificate is asked for.
        ("https://ορenai.com", "https://xn--enai-zndm.com:443"),
    ] {
        assert_eq!(verdict(&policy(&[]), url), Ok(place.to_owned()), "{url}");
    }
}

#[test]
fn no_spelling_leads_inside() {
    use EgressRefused::{Address, BadName, NoAddress, NotHttp, NotPublic, PlainHttp, Port, UserInfo};
    for (url, refused) in [
        // Addresses, however they are written.
        ("https://127.0.0.1/", Some(Address)),
        ("https://127.1/", Some(Address)),
        ("https://0x7f.1/", Some(Address)),
        ("https://0x7f000001/", Some(Address)),
        ("https://0x7F.0x0.0x0.0x1/", Some(Address)),
        ("https://2130706433/", Some(Address)),
        ("https://017700000001/", Some(Address)),
        ("https://0177.0.0.1/", Some(Address)),
        ("https://127.0.0.1./", Some(Address)),
        ("https://127.000.000.001/", Some(Address)),
        ("https://0/", Some(Address)),
        ("https://0.0.0.0/", Some(Address)),
        ("https://169.254.169.254/latest/meta-data", Some(Address)),
        ("https://2852039166/", Some(Address)),
        ("https://10.0.3.4/", Some(Address)),
        ("https://104.18.7.192/", Some(Address)),
        ("https://%31%32%37.0.0.1/", Some(Address)),
        ("https://①②⑦.⓪.⓪.①/", Some(Address)),
        ("https://１２７.0.0.1/", Some(Address)),
        ("https://127。0。0。1/", Some(Address)),
        ("https://[::1]/", Some(Address)),
        ("https://[::]/", Some(Address)),
        ("https://[0:0:0:0:0:0:0:1]/", Some(Address)),
        ("https://[::ffff:127.0.0.1]/", Some(Address)),
        ("https://[::ffff:7f00:1]/", Some(Address)),
        ("https://[::127.0.0.1]/", Some(Address)),
        ("https://[64:ff9b::7f00:1]/", Some(Address)),
        ("https://[fe80::1]/", Some(Address)),
        ("https://[2606:4700::6812:7c0]/", Some(Address)),
        // Names that lead there.
        ("https://localhost/", Some(NotPublic)),
        ("https://LOCALHOST/", Some(NotPublic)),
        ("https://lo%63alhost/", Some(NotPublic)),
        ("https://ⓛocalhost/", Some(NotPublic)),
        ("https://app.localhost/", Some(NotPublic)),
        ("https://127.0.0.1.nip.io/", Some(NotPublic)),
        ("https://7f000001.nip.io/", Some(NotPublic)),
        ("https://169.254.169.254.nip.io/", Some(NotPublic)),
        ("https://10-0-3-4.nip.io/", Some(NotPublic)),
        ("https://localtest.me/", Some(NotPublic)),
        ("https://metadata.google.internal/computeMetadata/v1", Some(NotPublic)),
        ("https://intranet.example/", Some(NotPublic)),
        ("https://mixed.example/", Some(NotPublic)),
        ("https://mixed-other-way.example/", Some(NotPublic)),
        ("https://mapped.example/", Some(NotPublic)),
        ("https://nat64.example/", Some(NotPublic)),
        ("https://6to4.example/", Some(NotPublic)),
        ("https://zero.example/", Some(NotPublic)),
        ("https://ula.example/", Some(NotPublic)),
        ("https://nowhere.example/", Some(NoAddress)),
        // A dot at the end, empty labels, what is no name.
        ("https://localhost./", Some(BadName)),
        ("https://api.openai.com./", Some(BadName)),
        ("https://api..openai.com/", Some(BadName)),
        ("https://.openai.com/", Some(BadName)),
        ("https://*.openai.com/", Some(BadName)),
        ("https://api.openai.com,evil.example/", Some(BadName)),
        ("https://api.openai.com&evil.example/", Some(BadName)),
        // Users and passwords.
        ("https://user@api.openai.com/", Some(UserInfo)),
        ("https://user:word@api.openai.com/", Some(UserInfo)),
        ("https://:word@api.openai.com/", Some(UserInfo)),
        ("https://api.openai.com@evil.example/", Some(UserInfo)),
        ("https://api.openai.com:443@evil.example/", Some(UserInfo)),
        ("https://api.openai.com%2F@evil.example/", Some(UserInfo)),
        ("https://a@b@evil.example/", Some(UserInfo)),
        // Other schemes and ports.
        ("http://api.openai.com/", Some(PlainHttp)),
        ("http://api.openai.com:443/", Some(PlainHttp)),
        ("https://api.openai.com:8443/", Some(Port)),
        ("https://api.openai.com:80/", Some(Port)),
        ("https://api.openai.com:0/", Some(Port)),
        ("http://127.0.0.1:11434/", Some(Address)),
        ("ftp://api.openai.com/", Some(NotHttp)),
        ("file:///etc/passwd", Some(NotHttp)),
        ("gopher://127.0.0.1:6379/_", Some(NotHttp)),
        ("ws://api.openai.com/", Some(NotHttp)),
        ("unix:/var/run/docker.sock", Some(NotHttp)),
        ("javascript:alert(1)", Some(NotHttp)),
        ("data:text/plain,a", Some(NotHttp)),
        // No URLs.
        ("", None),
        ("api.openai.com", None),
        ("//api.openai.com/", None),
        ("https://", None),
        ("https:///", None),
        ("https://:443/", None),
        ("https://256.256.256.256/", None),
        ("https://127.0.0.1.1/", None),
        ("https://0x7f.0.0.0.1/", None),
        ("https://[::1/", None),
        ("https://[::1%25lo]/", None),
        ("https://[127.0.0.1]/", None),
        ("https://api.openai.com:99999/", None),
        ("https://api.openai.com:-1/", None),
        ("https://api openai.com/", None),
        ("https://api%00.openai.com/", None),
        ("https://api%2F.openai.com/", None),
        ("https://api%40evil.example/", None),
        ("https://api%23.openai.com/", None),
        ("https://api%3A80/", None),
        ("https://a<b/", None),
        ("https://xn--/", None),
        ("https://\u{200d}.example/", None),
    ] {
        assert_eq!(verdict(&policy(&[]), url), Err(refused), "{url}");
    }
}

#[test]
fn an_entry_opens_what_it_names_and_nothing_else() {
    use EgressRefused::{Address, NotPublic, PlainHttp, Port};
    let policy = policy(&[
        "10.0.3.4:11434",
        "localhost:8080",
        "intranet.example",
        "[::1]:9000",
        "127.0.0.1",
        "metadata.google.internal",
        "ula.example:80",
        "zero.example",
    ]);
    for url in [
        "http://10.0.3.4:11434",
        "https://10.0.3.4:11434",
        "http://0x0a.0.3.4:11434",
        "http://localhost:8080",
        "http://intranet.example",
        "https://intranet.example",
        "http://[::1]:9000",
        "https://127.0.0.1",
        "http://127.1",
        "https://api.openai.com",
    ] {
        assert!(verdict(&policy, url).is_ok(), "{url}");
    }
    for (url, refused) in [
        ("http://10.0.3.4", Address),
        ("http://10.0.3.4:11435", Address),
        ("http://10.0.3.5:11434", Address),
        ("http://[::ffff:10.0.3.4]:11434", Address),
        ("http://localhost", PlainHttp),
        ("https://localhost", NotPublic),
        ("https://localhost:8443", Port),
        ("http://a.intranet.example", PlainHttp),
        ("http://intranet.example:8080", PlainHttp),
        ("http://[::1]", Address),
        ("http://127.0.0.1:8080", Address),
        ("http://127.0.0.2", Address),
        // A name is not enough for the clouds' metadata services and for what is no place of a server.
        ("http://metadata.google.internal", NotPublic),
        ("http://ula.example", NotPublic),
        ("http://zero.example", NotPublic),
    ] {
        assert_eq!(verdict(&policy, url), Err(Some(refused)), "{url}");
    }
}
