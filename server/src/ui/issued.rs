//! Secrets of tokens made a moment ago: shown once, to the session that made them, for two minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use crate::auth::secret;

const KEPT_MS: i64 = 120_000;
const KEPT: usize = 1_000;

#[derive(Clone, Default)]
pub struct Issued(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    session: String,
    secret: String,
    until: Timestamp,
}

impl Issued {
    /// The id under which `session` reads the secret.
    pub fn keep(&self, session: &str, secret: String, now: Timestamp) -> Result<String, Problem> {
        let id = secret::random()?;
        let entry = Entry {
            session: session.to_owned(),
            secret,
            until: now.plus_ms(KEPT_MS),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, entry| now < entry.until);
        if all.len() < KEPT {
            all.insert(id.clone(), entry);
        }
        Ok(id)
    }

    pub fn take(&self, session: &str, id: &str, now: Timestamp) -> Option<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, entry| now < entry.until);
        if all.get(id)?.session != session {
            return None;
        }
        all.remove(id).map(|entry| entry.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_once_to_one_session_and_not_for_long() {
        let issued = Issued::default();
        let at = Timestamp::from_unix_millis;
        let id = issued.keep("mine", "wb_1".into(), at(0)).unwrap();
        assert_eq!(issued.take("another", &id, at(1)), None);
        assert_eq!(issued.take("mine", &id, at(2)).as_deref(), Some("wb_1"));
        assert_eq!(issued.take("mine", &id, at(3)), None);
        let id = issued.keep("mine", "wb_2".into(), at(0)).unwrap();
        assert_eq!(issued.take("mine", &id, at(KEPT_MS)), None);
    }
}
