//! Secrets that people and programs carry: how they are made, written and kept.
//!
//! Each holds at least 192 random bits, so a plain SHA-256 is enough at rest: there is nothing to
//! guess. Passwords are another matter (`password`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use waybill_model::problem::{Code, Problem};

/// Begins every API token.
pub const API_PREFIX: &str = "wb_";
/// Begins every ingest token: write-only.
pub const INGEST_PREFIX: &str = "wbi_";

/// What is stored in place of a secret: lower-case hex of its SHA-256.
pub fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// For a session cookie or a setup link: 256 bits.
pub fn random() -> Result<String, Problem> {
    bytes::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// For a program: the prefix and 192 bits.
pub fn token(prefix: &str) -> Result<String, Problem> {
    bytes::<24>().map(|bytes| format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Whether text looks like one of our tokens; such text never belongs in an address or a log.
pub fn looks_like_token(text: &str) -> bool {
    let body = text
        .strip_prefix(INGEST_PREFIX)
        .or_else(|| text.strip_prefix(API_PREFIX));
    body.is_some_and(|body| {
        body.len() >= 32
            && body
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

fn bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no randomness");
        Problem::new(
            Code::Internal,
            "The system gives no randomness.",
            "Look at the log of the server.",
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_different_and_recognised() {
        let (one, two) = (token(API_PREFIX).unwrap(), token(INGEST_PREFIX).unwrap());
        assert!(looks_like_token(&one) && looks_like_token(&two));
        assert!(one.len() >= 35 && !one.starts_with(INGEST_PREFIX));
        assert_ne!(random().unwrap(), random().unwrap());
        assert!(!looks_like_token("wb_short") && !looks_like_token("order-1001"));
        assert_eq!(digest("a").len(), 64);
    }
}
