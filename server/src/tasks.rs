//! Background tasks: they take no input, read the state anew each time, and stand in the visible
//! list of [`Health`](crate::health::Health).

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waybill_model::problem::Problem;
use waybill_model::status::ComponentState;

use crate::health::Component;

/// What a step says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more to do now.
    AtOnce,
    /// Nothing to do before the period is over.
    AfterPeriod,
}

#[derive(Debug, Default)]
pub struct Tasks {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    /// Repeats `step` until stopped; a step under way is let finish. A failed step shows as
    /// `when_failed` and is tried again after the period.
    pub fn every<F, Work>(
        &self,
        component: Component,
        period: Duration,
        when_failed: ComponentState,
        mut step: F,
    ) where
        F: FnMut() -> Work + Send + 'static,
        Work: Future<Output = Result<Next, Problem>> + Send,
    {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let mut failing = false;
            while !stop.is_cancelled() {
                let next = match step().await {
                    Ok(next) => {
                        if failing {
                            tracing::info!(task = component.name(), "works again");
                        }
                        failing = false;
                        component.set(ComponentState::Ok, None);
                        next
                    }
                    Err(problem) => {
                        if !failing {
                            tracing::warn!(
                                task = component.name(),
                                code = problem.code.name(),
                                "{problem}"
                            );
                        }
                        failing = true;
                        component.set(when_failed, Some(problem.message));
                        Next::AfterPeriod
                    }
                };
                if next == Next::AfterPeriod {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(period) => {}
                    }
                }
            }
            component.set(ComponentState::Off, None);
        });
    }

    /// For a task with a loop of its own.
    pub fn run<Work>(&self, work: impl FnOnce(CancellationToken) -> Work)
    where
        Work: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(work(self.stop.clone()));
    }

    /// `false`: some still ran at the end and are left behind.
    pub async fn stop(self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait())
            .await
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;
    use waybill_model::problem::Code;

    #[tokio::test]
    async fn a_failed_step_shows_and_is_tried_again() {
        let health = Health::default();
        let tasks = Tasks::default();
        let mut count = 0;
        let (counted, mut counts) = tokio::sync::watch::channel(0);
        tasks.every(
            health.component("merger"),
            Duration::from_millis(1),
            ComponentState::Degraded,
            move || {
                count += 1;
                counted.send_replace(count);
                std::future::ready(match count {
                    1 => Ok(Next::AtOnce),
                    2 => Err(Problem::new(Code::Internal, "broke", "")),
                    _ => Ok(Next::AfterPeriod),
                })
            },
        );
        // The fourth step begins after the third has set its state.
        counts.wait_for(|count| *count >= 4).await.unwrap();
        assert_eq!(health.components()[0].state, ComponentState::Ok);
        assert_eq!(health.components()[0].last_error.as_deref(), Some("broke"));
        assert!(tasks.stop(Duration::from_secs(60)).await);
        assert_eq!(health.components()[0].state, ComponentState::Off);
    }
}
