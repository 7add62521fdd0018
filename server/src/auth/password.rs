//! Passwords: argon2id at rest, hashed off the async threads, few at a time.
//!
//! One hash takes 19 MiB for its duration (the parameters that OWASP names first), so at most two
//! run at once and the others wait their turn.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;
use waybill_model::problem::{Code, Problem};

/// In characters. ASVS 5.0, 6.2.1.
pub const SHORTEST: usize = 8;
/// In bytes: what a form may make us hash.
pub const LONGEST: usize = 512;

const AT_ONCE: usize = 2;

pub struct Passwords {
    turns: Semaphore,
    /// Checked in place of the hash of a user who does not exist, so that both take the same time.
    nobody: String,
}

impl Passwords {
    pub fn new() -> Result<Self, Problem> {
        Ok(Self {
            turns: Semaphore::new(AT_ONCE),
            nobody: hash_now("no user has this password")?,
        })
    }

    /// The PHC string to store.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        accept(&password)?;
        self.aside(move || hash_now(&password)).await?
    }

    /// Whether the password fits; `stored` is `None` for a user who does not exist, which takes as
    /// long and never fits.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let fits = self.aside(move || check_now(&password, &stored)).await?;
        Ok(fits && known)
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _turn = self.turns.acquire().await.map_err(|_| broken("closed"))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| broken(&error.to_string()))
    }
}

/// Length is the only rule; rules of composition make passwords worse (NIST SP 800-63B, 3.1.1.2).
pub fn accept(password: &str) -> Result<(), Problem> {
    if password.chars().count() < SHORTEST {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("A password has at least {SHORTEST} characters."),
            "password: choose a longer one; a few unrelated words are easy to remember.",
        ));
    }
    if password.len() > LONGEST {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("A password has at most {LONGEST} bytes."),
            "password: choose a shorter one.",
        ));
    }
    Ok(())
}

fn hash_now(password: &str) -> Result<String, Problem> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| broken(&error.to_string()))?;
    let salt = SaltString::from_b64(&STANDARD_NO_PAD.encode(salt))
        .map_err(|error| broken(&error.to_string()))?;
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| broken(&error.to_string()))
}

fn check_now(password: &str, stored: &str) -> bool {
    let given = &password.as_bytes()[..password.len().min(LONGEST + 1)];
    PasswordHash::new(stored)
        .and_then(|hash| Argon2::default().verify_password(given, &hash))
        .is_ok()
}

fn broken(error: &str) -> Problem {
    tracing::error!(error, "hashing a password");
    Problem::new(
        Code::Internal,
        "The password could not be checked.",
        "Look at the log of the server.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fits_only_the_user_that_exists() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let fits = |given: &str, stored: Option<&str>| {
            passwords.fits(given.to_owned(), stored.map(str::to_owned))
        };
        assert!(fits("correct horse", Some(&stored)).await.unwrap());
        assert!(!fits("wrong horse", Some(&stored)).await.unwrap());
        assert!(!fits("no user has this password", None).await.unwrap());
        assert!(!fits("x", Some("not a hash")).await.unwrap());
    }

    #[test]
    fn only_length_is_asked() {
        assert!(accept("1234567").is_err());
        assert!(accept("八个汉字就够了呀").is_ok());
        assert!(accept(&"a".repeat(LONGEST + 1)).is_err());
    }
}
