//! What every adapter's cluster must hold to, whatever its broker: one suite for all of them.
//!
//! Ask it of a cluster at rest: on one that is written to, a group may commit between two answers.

mod of_browsing;
mod of_descriptor;
mod of_posture;
mod of_readings;
mod of_topology;
mod refusal;
mod told;

use std::time::{Duration, Instant};

use waybill_model::topology::{Readings, Topology};

use crate::adapter::{Cluster, Refused};

pub use of_browsing::{disturbs, reads};
pub use of_descriptor::descriptor;
pub use of_posture::posture;
pub use of_readings::readings;
pub use of_topology::topology;
pub use refusal::refusal;

/// What a busy machine may add to a deadline.
pub const SLACK: Duration = Duration::from_millis(500);

/// What a cluster told.
#[derive(Clone, Debug)]
pub struct Observed {
    pub topology: Topology,
    pub readings: Readings,
}

/// Asks everything once and holds the answers against the contract.
///
/// # Errors
/// Each line names what was broken, and where.
pub async fn observe(cluster: &dyn Cluster, patience: Duration) -> Result<Observed, Vec<String>> {
    let Some(observe) = cluster.observe() else {
        return Err(vec!["the cluster has no facet that observes".into()]);
    };
    let began = Instant::now();
    let told = observe.topology(patience).await;
    let told_topology = within("topology", began, patience, told)?;
    let began = Instant::now();
    let told = observe.readings(patience).await;
    let told_readings = within("readings", began, patience, told)?;
    let began = Instant::now();
    let told = observe.missing_rights(patience).await;
    let rights = within("missing rights", began, patience, told)?;
    let mut broken = topology(&told_topology);
    broken.extend(readings(&told_topology, &told_readings));
    for right in rights {
        if [&right.right, &right.blank, &right.grant]
            .iter()
            .any(|text| text.is_empty())
        {
            broken.push(format!(
                "{right:?}: right, what stays blank and command are all told"
            ));
        }
    }
    match broken.is_empty() {
        true => Ok(Observed {
            topology: told_topology,
            readings: told_readings,
        }),
        false => Err(broken),
    }
}

/// Asks a cluster that cannot answer: the refusal is named, and in time.
///
/// # Errors
/// As [`observe`]; also where it answered.
pub async fn refuses(cluster: &dyn Cluster, patience: Duration) -> Result<Refused, Vec<String>> {
    let Some(observe) = cluster.observe() else {
        return Err(vec!["the cluster has no facet that observes".into()]);
    };
    let mut last = None;
    for what in ["topology", "readings", "missing rights"] {
        let began = Instant::now();
        let answer = match what {
            "topology" => observe.topology(patience).await.map(drop),
            "readings" => observe.readings(patience).await.map(drop),
            _ => observe.missing_rights(patience).await.map(drop),
        };
        if began.elapsed() > patience + SLACK {
            return Err(vec![late(what, began.elapsed(), patience)]);
        }
        match answer {
            Ok(()) => return Err(vec![format!("{what} was answered")]),
            Err(refused) => {
                let broken = refusal(&refused);
                if !broken.is_empty() {
                    return Err(broken);
                }
                last = Some(refused);
            }
        }
    }
    last.ok_or_else(|| vec!["nothing was asked".into()])
}

fn within<T>(
    what: &str,
    began: Instant,
    patience: Duration,
    told: Result<T, Refused>,
) -> Result<T, Vec<String>> {
    if began.elapsed() > patience + SLACK {
        return Err(vec![late(what, began.elapsed(), patience)]);
    }
    told.map_err(|refused| {
        let mut broken = refusal(&refused);
        broken.push(format!("{what} was refused: {refused} ({})", refused.hint));
        broken
    })
}

fn late(what: &str, took: Duration, patience: Duration) -> String {
    format!(
        "{what}: took {} ms of {} ms",
        took.as_millis(),
        patience.as_millis()
    )
}

#[cfg(test)]
mod browsing_tests;
#[cfg(test)]
mod judging_tests;
#[cfg(test)]
mod tests;
