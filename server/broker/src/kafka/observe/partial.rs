//! What several nodes said to the same question: answers, and failures beside them.

use std::future::Future;

use futures::future::join_all;
use waybill_model::topology::Unknown;

use crate::kafka::wire::failure::Failure;

/// Answers by node, and who did not answer.
pub(super) struct Partial<T> {
    pub(super) answers: Vec<(i32, T)>,
    pub(super) failures: Vec<(i32, Failure)>,
}

impl<T> Partial<T> {
    /// Asks all nodes at once.
    pub(super) async fn of<F>(asked: impl IntoIterator<Item = (i32, F)>) -> Self
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let asked = asked
            .into_iter()
            .map(|(node, future)| async move { (node, future.await) });
        let mut partial = Self {
            answers: Vec::new(),
            failures: Vec::new(),
        };
        for (node, answer) in join_all(asked).await {
            match answer {
                Ok(answer) => partial.answers.push((node, answer)),
                Err(failure) => partial.failures.push((node, failure)),
            }
        }
        partial
    }

    /// One line a failing node.
    pub(super) fn unknown(&self, member: &str, right: &str) -> Vec<Unknown> {
        let mut unknown: Vec<Unknown> = self
            .failures
            .iter()
            .map(|(_, failure)| failure.unknown(member, right))
            .collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }
}
