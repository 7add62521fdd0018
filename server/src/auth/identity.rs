//! Who sends a request, and the names under which a browser says so.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use waybill_model::access::Caller;

/// Settled once a request, before any handler.
#[derive(Clone, Debug)]
pub enum Identity {
    Nobody,
    User {
        caller: Caller,
        /// Digest of the session's secret; `None` when a token speaks.
        session: Option<String>,
    },
    Ingest {
        token: String,
    },
}

impl Identity {
    pub fn caller(&self) -> Option<&Caller> {
        match self {
            Self::User { caller, .. } => Some(caller),
            Self::Nobody | Self::Ingest { .. } => None,
        }
    }

    pub fn session(&self) -> Option<&str> {
        match self {
            Self::User { session, .. } => session.as_deref(),
            Self::Nobody | Self::Ingest { .. } => None,
        }
    }

    /// For the audit log.
    pub fn actor(&self) -> String {
        match self {
            Self::Nobody => "anonymous".into(),
            Self::User { caller, .. } => actor(caller),
            Self::Ingest { token } => format!("ingest token {token}"),
        }
    }
}

/// The user, and the token that speaks for them.
pub fn actor(caller: &Caller) -> String {
    match &caller.token {
        Some(token) => format!("{} (token {token})", caller.name),
        None => caller.name.clone(),
    }
}

/// What a request carries to say who it is. A header, once sent, is the only answer: a bad token
/// never falls back on a cookie.
#[derive(Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    None,
    Bearer(&'a str),
    /// An `Authorization` of another scheme, or one that is not text.
    Unreadable,
    Session(&'a str),
}

pub fn credential<'a>(headers: &'a HeaderMap, cookie_name: &str) -> Credential<'a> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        return token.map_or(Credential::Unreadable, Credential::Bearer);
    }
    cookie(headers, cookie_name).map_or(Credential::None, Credential::Session)
}

/// The value of a cookie; with several of one name, the first.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// `__Host-` binds the cookie to this host and to https; browsers refuse it over http.
pub fn session_cookie_name(https: bool) -> &'static str {
    if https {
        "__Host-waybill_session"
    } else {
        "waybill_session"
    }
}

/// The `Set-Cookie` of a session that begins (`Some`) or ends (`None`).
pub fn session_cookie(https: bool, secret: Option<&str>, max_age_s: i64) -> String {
    let name = session_cookie_name(https);
    let secure = if https { "; Secure" } else { "" };
    let (value, age) = secret.map_or(("", 0), |secret| (secret, max_age_s));
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_header_stands_before_a_cookie() {
        let cookie = ("cookie", "a=b; waybill_session=abc; waybill_session=evil");
        let name = session_cookie_name(false);
        assert_eq!(
            credential(&headers(&[cookie]), name),
            Credential::Session("abc")
        );
        let both = headers(&[cookie, ("authorization", "bearer wb_x")]);
        assert_eq!(credential(&both, name), Credential::Bearer("wb_x"));
        let other = headers(&[cookie, ("authorization", "Basic abc")]);
        assert_eq!(credential(&other, name), Credential::Unreadable);
        assert_eq!(credential(&headers(&[]), name), Credential::None);
    }

    #[test]
    fn cookies_are_strict() {
        assert_eq!(
            session_cookie(true, Some("s"), 60),
            "__Host-waybill_session=s; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert_eq!(
            session_cookie(false, None, 60),
            "waybill_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
