//! SCRAM (RFC 5802, RFC 7677) as Kafka speaks it: no channel binding, names and passwords as UTF-8
//! without SASLprep (`ScramFormatter.normalize`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::SimpleHmac;
use hmac::digest::{Digest, FixedOutput, KeyInit, Update};

use crate::secret::Secret;

/// Kafka's least, below which a password could be guessed from the exchange.
const FEWEST_ITERATIONS: u32 = 4096;
/// A server decides how long we compute: not longer than a moment.
const MOST_ITERATIONS: u32 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScramError {
    #[error("its message is no SCRAM")]
    Malformed,
    #[error("it answers to somebody else's nonce")]
    WrongNonce,
    #[error("it asks for {0} iterations; {FEWEST_ITERATIONS} to {MOST_ITERATIONS} are accepted")]
    Iterations(u32),
    #[error("its signature is wrong: it does not know the password either")]
    WrongSignature,
    #[error("it does not accept user and password")]
    Rejected,
}

/// Before the server has spoken.
pub(super) struct ClientFirst {
    nonce: String,
    bare: String,
}

/// After our proof; waits for the server's.
pub(super) struct Proof {
    pub(super) message: String,
    server_signature: Vec<u8>,
}

/// A hash that HMAC can be built from.
pub(super) trait Hash:
    Digest + hmac::digest::core_api::BlockSizeUser + Clone + Sync
{
}

impl<H: Digest + hmac::digest::core_api::BlockSizeUser + Clone + Sync> Hash for H {}

impl ClientFirst {
    /// `nonce`: printable, without a comma, never used before.
    pub(super) fn new(user: &str, nonce: String) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={user},r={nonce}");
        Self { nonce, bare }
    }

    pub(super) fn message(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// # Errors
    /// Where the server's first message cannot be trusted.
    pub(super) fn prove<H: Hash>(
        self,
        password: &Secret,
        server_first: &[u8],
    ) -> Result<Proof, ScramError> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| ScramError::Malformed)?;
        let mut fields = server_first.split(',');
        let mut field = |name: &str| {
            let value = fields.next().and_then(|field| field.strip_prefix(name));
            value.ok_or(ScramError::Malformed)
        };
        let nonce = field("r=")?;
        let salt = STANDARD
            .decode(field("s=")?)
            .map_err(|_| ScramError::Malformed)?;
        let iterations: u32 = field("i=")?.parse().map_err(|_| ScramError::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::WrongNonce);
        }
        if !(FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
            return Err(ScramError::Iterations(iterations));
        }
        let salted = salted_password::<H>(password.reveal().as_bytes(), &salt, iterations);
        let client_key = hmac::<H>(&salted, b"Client Key");
        let stored_key = H::digest(&client_key);
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.bare);
        let client_signature = hmac::<H>(&stored_key, signed.as_bytes());
        let proof: Vec<u8> = client_key
            .iter()
            .zip(&client_signature)
            .map(|(key, signature)| key ^ signature)
            .collect();
        let server_key = hmac::<H>(&salted, b"Server Key");
        Ok(Proof {
            message: format!("{without_proof},p={}", STANDARD.encode(proof)),
            server_signature: hmac::<H>(&server_key, signed.as_bytes()),
        })
    }
}

impl Proof {
    /// # Errors
    /// Where the server does not prove that it knows the password.
    pub(super) fn verify(&self, server_final: &[u8]) -> Result<(), ScramError> {
        let text = std::str::from_utf8(server_final).map_err(|_| ScramError::Malformed)?;
        let first = text.split(',').next().unwrap_or_default();
        if first.starts_with("e=") {
            return Err(ScramError::Rejected);
        }
        let signature = first.strip_prefix("v=").ok_or(ScramError::Malformed)?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| ScramError::Malformed)?;
        // Both are known to the server alone: nothing is learnt from how long this takes.
        if signature == self.server_signature {
            Ok(())
        } else {
            Err(ScramError::WrongSignature)
        }
    }
}

/// `Hi()` of RFC 5802, which is PBKDF2 with one block.
fn salted_password<H: Hash>(password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
    let mut first = salt.to_vec();
    first.extend_from_slice(&1u32.to_be_bytes());
    let keyed = keyed::<H>(password);
    let mut last = finish(keyed.clone(), &first);
    let mut sum = last.clone();
    for _ in 1..iterations {
        last = finish(keyed.clone(), &last);
        for (sum, byte) in sum.iter_mut().zip(&last) {
            *sum ^= byte;
        }
    }
    sum
}

fn hmac<H: Hash>(key: &[u8], text: &[u8]) -> Vec<u8> {
    finish(keyed::<H>(key), text)
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn keyed<H: Hash>(key: &[u8]) -> SimpleHmac<H> {
    <SimpleHmac<H> as KeyInit>::new_from_slice(key).expect("any length")
}

fn finish<H: Hash>(mut keyed: SimpleHmac<H>, text: &[u8]) -> Vec<u8> {
    Update::update(&mut keyed, text);
    keyed.finalize_fixed().to_vec()
}

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;
