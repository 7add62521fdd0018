//! Ingest tokens are checked for every request of telemetry, so answers are remembered for a few
//! seconds. A token that is revoked here is refused at once, one revoked by another process within
//! that time.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use waybill_model::time::Timestamp;
use waybill_model::view::TokenPurpose;

use super::{Auth, secret, store_problem};
use crate::clock;

const FRESH_MS: i64 = 5_000;
/// While the database does not answer, an allowed token stays so: what it sends is refused as
/// retryable further on, and not lost by a refusal for good.
const STALE_MS: i64 = 600_000;
const REMEMBERED: usize = 1_000;

/// By digest of the token.
#[derive(Default)]
pub struct Seen(HashMap<String, Answer>);

#[derive(Clone, Copy)]
struct Answer {
    allowed: bool,
    at: Timestamp,
}

impl Auth {
    /// Whether this bearer token may send telemetry.
    pub async fn may_ingest(&self, token: &str) -> bool {
        if !token.starts_with(secret::INGEST_PREFIX) || !secret::looks_like_token(token) {
            return false;
        }
        let now = clock::now();
        let key = secret::digest(token);
        let known = self.seen().0.get(&key).copied();
        if let Some(answer) = known.filter(|answer| now < answer.at.plus_ms(FRESH_MS)) {
            return answer.allowed;
        }
        match self.store.token(token, now).await {
            Ok(found) => {
                let allowed = found.is_some_and(|token| token.purpose == TokenPurpose::Ingest);
                self.seen().remember(key, Answer { allowed, at: now });
                allowed
            }
            Err(error) => {
                store_problem(error);
                known.is_some_and(|a| a.allowed && now < a.at.plus_ms(STALE_MS))
            }
        }
    }

    pub(super) fn forget_ingest_tokens(&self) {
        self.seen().0.clear();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.ingest_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Refused tokens make room first: anyone can invent those.
    fn remember(&mut self, key: String, answer: Answer) {
        if self.0.len() >= REMEMBERED {
            self.0
                .retain(|_, kept| kept.allowed && answer.at < kept.at.plus_ms(STALE_MS));
        }
        if self.0.len() < REMEMBERED {
            self.0.insert(key, answer);
        }
    }
}
