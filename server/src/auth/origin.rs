//! Every change that a browser asks for must come from our own pages.
//!
//! Requests that carry a token are not a browser's: nothing sends that header on its own.

use http::HeaderMap;
use http::header::{HOST, ORIGIN, REFERER};
use waybill_model::problem::{Code, Problem};

/// The origin (`scheme://host[:port]`) of an address, in lower case; `None` for anything else.
pub fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let host = rest
        .split(['/', '?', '#'])
        .next()
        .filter(|host| !host.is_empty())?;
    if host.contains('@') {
        return None;
    }
    let host = host.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    Some(format!("{scheme}://{host}"))
}

/// `own` are the origins of `public_url` and of loopback listeners. Browsers send `Origin` with
/// every POST; `Referer` is for those that an extension strips of it. Neither: refused.
///
/// # Errors
/// [`Code::WrongOrigin`].
pub fn check(headers: &HeaderMap, own: &[String]) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let claimed = text(ORIGIN).or_else(|| text(REFERER)).and_then(origin_of);
    let cross_site = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    match claimed {
        Some(claimed) if !cross_site && (own.contains(&claimed) || is_local(&claimed, headers)) => {
            Ok(())
        }
        _ => Err(Problem::new(
            Code::WrongOrigin,
            "The change was not asked for from this console.",
            "Open the console at its own address (server.public_url) and try again.",
        )),
    }
}

/// A console on loopback is opened by several names (a port that was forwarded, `localhost`): the
/// request's own `Host` counts there, and only there, where no foreign name can point by DNS.
fn is_local(claimed: &str, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let loopback = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
    loopback && origin_of(&format!("http://{host}")).as_deref() == Some(claimed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect();
        check(&headers, &["https://waybill.example".into()]).is_ok()
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        assert!(passes(&[("origin", "https://waybill.example")]));
        assert!(passes(&[("origin", "https://Waybill.example:443")]));
        assert!(passes(&[(
            "referer",
            "https://waybill.example/settings?a=b"
        )]));
        assert!(passes(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(passes(&[
            ("origin", "http://[::1]:8080"),
            ("host", "[::1]:8080")
        ]));
        for refused in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://waybill.example")],
            &[("origin", "https://waybill.example.evil.example")],
            &[("origin", "https://waybill.example@evil.example")],
            &[
                ("origin", "https://evil.example"),
                ("referer", "https://waybill.example/"),
            ],
            &[("origin", "http://evil.example"), ("host", "evil.example")],
            &[
                ("origin", "http://127.0.0.1:9999"),
                ("host", "127.0.0.1:8080"),
            ],
            &[
                ("origin", "https://waybill.example"),
                ("sec-fetch-site", "cross-site"),
            ],
        ] {
            assert!(!passes(refused), "{refused:?}");
        }
    }
}
