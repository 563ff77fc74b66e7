//! Who may ask. Loopback is not enough: every page in the user's browser and
//! every user of the machine can reach it. So the page must have been opened
//! under a name of this machine (no rebound names), must ask for itself (no
//! other page's requests), and must know the token.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::answer::refused;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What a page has to know. 192 random bits.
#[derive(Clone)]
pub(super) struct Token(Arc<str>);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// What the system said when it has no random numbers.
    pub(super) fn new() -> Result<Self, String> {
        let mut bytes = [0_u8; 24];
        getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
        let text = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Self(text.into()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Compares all of it, so that time says nothing about where it differs.
    fn is(&self, given: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), given.as_bytes());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .fold(0, |differs, (a, b)| differs | (a ^ b))
                == 0
    }
}

/// Refuses requests that do not carry the token.
pub(super) async fn token(State(token): State<Token>, request: Request, next: Next) -> Response {
    let given = text(request.headers(), &header::AUTHORIZATION)
        .and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| token.is(given)) {
        next.run(request).await
    } else {
        refused(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "expected the token of this server; open the address that `fermata panel` prints",
        )
    }
}

/// Refuses requests under other names and from other pages, and puts the headers on every answer.
pub(super) async fn place(request: Request, next: Next) -> Response {
    let mut response = match stranger(request.headers()) {
        Some(why) => refused(StatusCode::FORBIDDEN, "forbidden", why),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why a request is none of our page's.
fn stranger(headers: &HeaderMap) -> Option<&'static str> {
    let host = text(headers, &header::HOST).unwrap_or_default();
    if !is_here(host) {
        return Some("expected a Host of 127.0.0.1 or localhost");
    }
    let origin = text(headers, &header::ORIGIN);
    // The port is compared as well, so that another server of this machine is a stranger too.
    if headers.contains_key(header::ORIGIN)
        && origin.and_then(|origin| origin.strip_prefix("http://")) != Some(host)
    {
        return Some("expected a request of this server's own page");
    }
    let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
    let navigates = text(headers, &HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) && !navigates {
        return Some("expected a request of this server's own page");
    }
    None
}

/// Whether a `Host` is a name of this machine; its port may be a forwarded one.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn only_requests_of_this_servers_own_page_are_no_strangers() {
        for ours in [
            headers(&[("host", "127.0.0.1:4711")]),
            headers(&[("host", "localhost")]),
            headers(&[("host", "[::1]:4711")]),
            headers(&[
                ("host", "localhost:1"),
                ("origin", "http://localhost:1"),
                ("sec-fetch-site", "same-origin"),
            ]),
            headers(&[
                ("host", "localhost:1"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
            ]),
        ] {
            assert_eq!(stranger(&ours), None, "{ours:?}");
        }
        for theirs in [
            headers(&[]),
            headers(&[("host", "evil.example:4711")]),
            headers(&[("host", "127.0.0.1.evil.example")]),
            headers(&[("host", "localhost:1"), ("origin", "http://localhost:2")]),
            headers(&[("host", "localhost:1"), ("origin", "null")]),
            headers(&[("host", "localhost:1"), ("origin", "https://localhost:1")]),
            headers(&[("host", "localhost:1"), ("sec-fetch-site", "same-site")]),
        ] {
            assert!(stranger(&theirs).is_some(), "{theirs:?}");
        }
    }

    #[test]
    fn a_token_is_only_itself() {
        let token = Token::new().expect("random numbers");
        let other = Token::new().expect("random numbers");
        assert!(token.is(token.text()) && token.text().len() == 48);
        assert!(!token.is(other.text()) && !token.is("") && !token.is(&token.text()[1..]));
    }
}
