//! `Idempotency-Key` on writes: asked again with the same key and words, the first answer is given
//! again, and nothing is done twice.
//!
//! Kept in memory for ten minutes, so it covers a client's retries, not a restart of the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;
use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;

use crate::auth::digest;

const KEPT_MS: i64 = 600_000;
const KEPT: usize = 1_000;
const LONGEST_KEY: usize = 128;

#[derive(Clone, Default)]
pub struct Idempotency(Arc<Mutex<HashMap<Key, Kept>>>);

/// The user, what was asked for, and the client's own key.
type Key = (i64, &'static str, String);

struct Kept {
    at: Timestamp,
    /// A digest: passwords may stand in them.
    words: String,
    /// `None` while the first is still at work.
    answer: Option<Json>,
}

impl Idempotency {
    /// Does `work` unless it was done under this key; without a key, always.
    ///
    /// # Errors
    /// [`Code::Conflict`] for a key used with other words or still at work, and what `work` gives.
    /// A failed try is forgotten: it may be tried again.
    pub async fn once(
        &self,
        user_id: i64,
        route: &'static str,
        key: Option<&str>,
        words: &str,
        now: Timestamp,
        work: impl Future<Output = Result<Json, Problem>>,
    ) -> Result<Json, Problem> {
        let Some(key) = key else { return work.await };
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(conflict(
                Code::InvalidRequest,
                "Idempotency-Key: at most 128 characters, and not none.",
            ));
        }
        let key = (user_id, route, key.to_owned());
        if let Some(answer) = self.begin(&key, digest(words), now)? {
            return Ok(answer);
        }
        let open = Open {
            all: self,
            key: &key,
            done: false,
        };
        let answer = work.await?;
        open.close(&answer);
        Ok(answer)
    }

    /// The same for a write without an answer, on the thing of this id.
    pub async fn once_on(
        &self,
        id: i64,
        user_id: i64,
        route: &'static str,
        key: Option<&str>,
        words: &str,
        work: impl Future<Output = Result<(), Problem>>,
    ) -> Result<(), Problem> {
        let words = format!("{id} {words}");
        let work = async { work.await.map(|()| Json::Null) };
        let now = crate::clock::now();
        self.once(user_id, route, key, &words, now, work)
            .await
            .map(drop)
    }

    fn begin(&self, key: &Key, words: String, now: Timestamp) -> Result<Option<Json>, Problem> {
        let mut all = self.lock();
        all.retain(|_, kept| kept.at.plus_ms(KEPT_MS) > now);
        match all.get(key) {
            Some(kept) if kept.words != words => Err(conflict(
                Code::Conflict,
                "Idempotency-Key: it was used with other words.",
            )),
            Some(Kept { answer: None, .. }) => Err(conflict(
                Code::Conflict,
                "Idempotency-Key: the first try is still at work.",
            )),
            Some(Kept { answer, .. }) => Ok(answer.clone()),
            None => {
                if all.len() >= KEPT {
                    let oldest = all
                        .iter()
                        .min_by_key(|(_, kept)| kept.at)
                        .map(|(k, _)| k.clone());
                    oldest.map(|key| all.remove(&key));
                }
                all.insert(
                    key.clone(),
                    Kept {
                        at: now,
                        words,
                        answer: None,
                    },
                );
                Ok(None)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the key if the work fails or its client goes away.
struct Open<'a> {
    all: &'a Idempotency,
    key: &'a Key,
    done: bool,
}

impl Open<'_> {
    fn close(mut self, answer: &Json) {
        if let Some(kept) = self.all.lock().get_mut(self.key) {
            kept.answer = Some(answer.clone());
        }
        self.done = true;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.all.lock().remove(self.key);
        }
    }
}

fn conflict(code: Code, hint: &str) -> Problem {
    Problem::new(code, "The Idempotency-Key does not fit this request.", hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn the_same_words_are_done_once() {
        let all = Idempotency::default();
        let now = Timestamp::EPOCH;
        let ask = |words: &'static str, answer: Result<Json, Problem>| {
            all.once(1, "POST /users", Some("k"), words, now, async { answer })
        };
        let broken = Problem::new(Code::Internal, "", "");
        assert!(ask("a", Err(broken)).await.is_err());
        assert_eq!(ask("a", Ok(json!(1))).await, Ok(json!(1)));
        assert_eq!(ask("a", Ok(json!(2))).await, Ok(json!(1)));
        assert_eq!(
            ask("b", Ok(json!(3))).await.unwrap_err().code,
            Code::Conflict
        );
    }
}
