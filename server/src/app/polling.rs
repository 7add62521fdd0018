//! Starts a poller for each cluster that is managed and can be read.

use std::sync::Arc;

use waybill_broker::BrokerAdapter;
use waybill_model::problem::{Code, Problem};
use waybill_model::status::ComponentState;

use super::Core;
use super::index::SpanIndex;
use crate::api::events::Event;
use crate::config::{Cluster, Config, ProcessRole};
use crate::health::Health;
use crate::ingest::Indexer;
use crate::poll::{Follower, Index, Named, Pace, Schedule, Target};
use crate::tasks::Tasks;

/// # Errors
/// `ConfigInvalid` where an adapter cannot read a cluster's settings.
pub(super) fn start(
    tasks: &Tasks,
    config: &Config,
    adapters: &[BrokerAdapter],
    core: &Core,
    health: &Health,
) -> Result<(), Problem> {
    let part = health.component("poll");
    let managed: Vec<&Cluster> = config
        .clusters
        .iter()
        .filter(|cluster| cluster.managed)
        .collect();
    if !config.has_role(ProcessRole::Poll) || managed.is_empty() {
        part.set(ComponentState::Off, None);
        return Ok(());
    }
    let holder = holder()?;
    let spans = SpanIndex::new(core.dialects.clone(), core.search.clone());
    let index: Index = Arc::new(move |span| spans.index(span));
    for cluster in managed {
        let component = health.outside(&format!("cluster {}", cluster.name));
        let Some(connect) = connect(adapters, cluster) else {
            let untold = "its adapter does not read clusters: only spans tell of it";
            component.set(ComponentState::Off, Some(untold.into()));
            continue;
        };
        let events = core.events.clone();
        let asked = connect.cluster(&cluster.name, &cluster.resolved.0)?;
        let pace = Pace::every(cluster.poll_interval);
        if asked.native_traces().is_some() {
            let follower = Follower {
                name: cluster.name.clone(),
                cluster: asked.clone(),
                store: core.store.clone(),
                index: index.clone(),
                pace,
                component: health.outside(&format!("native trace {}", cluster.name)),
            };
            let holder = holder.clone();
            tasks.run(|stop| follower.run(holder, stop));
        }
        let target = Target {
            named: Named {
                cluster: cluster.name.clone(),
                system: cluster.broker.clone(),
            },
            cluster: asked,
            pace,
            on_polled: Arc::new(move |cluster| {
                events.send(Event::Polled {
                    cluster: cluster.to_owned(),
                });
            }),
            heads: Some(Arc::new(core.query.clone())),
        };
        let schedule = Arc::new(Schedule::new(target, core.store.clone(), component));
        let (store, holder) = (core.store.clone(), holder.clone());
        tasks.run(|stop| schedule.run(store, holder, stop));
    }
    part.set(ComponentState::Ok, None);
    Ok(())
}

pub(super) fn connect<'a>(
    adapters: &'a [BrokerAdapter],
    cluster: &Cluster,
) -> Option<&'a Arc<dyn waybill_broker::Connect>> {
    let adapter = adapters
        .iter()
        .find(|adapter| adapter.name == cluster.broker)?;
    adapter.connect.as_ref()
}

/// Two processes are never of one name, nor is a process that was started again.
fn holder() -> Result<String, Problem> {
    let random = getrandom::u64().map_err(|error| {
        Problem::new(
            Code::Internal,
            format!("the system gives no random bytes: {error}"),
            "Check /dev/urandom.",
        )
    })?;
    Ok(format!("{}-{random:016x}", std::process::id()))
}
