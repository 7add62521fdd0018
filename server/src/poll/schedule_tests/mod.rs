//! Whole pollers of simulated clusters on a real Postgres.

mod late_topology;
mod recovery;
mod sharing;

use std::time::Instant;

use waybill_broker::sim::{Script, Sim};
use waybill_model::cluster::PollState;
use waybill_store::testing::TestDatabase;
use waybill_store::topology::{DestinationLine, GroupLine};

use super::*;
use crate::health::Health;

const PATIENCE: Duration = Duration::from_secs(60);

fn quick() -> Pace {
    Pace {
        readings_every: Duration::from_millis(50),
        topology_every: Duration::from_millis(400),
        look_every: Duration::from_millis(100),
        readings_patience: Duration::from_millis(300),
        topology_patience: Duration::from_millis(300),
        grace: Duration::from_millis(100),
        longest_wait: Duration::from_millis(200),
    }
}

/// A poller that runs until it is stopped.
struct Running {
    health: Health,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn poll(database: &TestDatabase, name: &str, sim: &Sim, holder: &str) -> Running {
    poll_at(quick(), database, name, sim, holder)
}

fn poll_at(pace: Pace, database: &TestDatabase, name: &str, sim: &Sim, holder: &str) -> Running {
    let health = Health::default();
    let target = Target {
        named: Named {
            cluster: name.into(),
            system: "simulated".into(),
        },
        cluster: Arc::new(sim.clone()),
        pace,
        on_polled: Arc::new(|_| {}),
        heads: None,
    };
    let store = database.store().clone();
    let component = health.outside(&format!("cluster {name}"));
    let schedule = Arc::new(Schedule::new(target, store.clone(), component));
    let stop = CancellationToken::new();
    let task = tokio::spawn(schedule.run(store, holder.into(), stop.clone()));
    Running { health, stop, task }
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn until<T, F, Fut>(what: &str, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "gave up waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn state(database: &TestDatabase, name: &str) -> Option<PollState> {
    let states = database.store().poll_states().await.unwrap();
    states.into_iter().find(|state| state.cluster == name)
}

async fn group(database: &TestDatabase, name: &str) -> Option<GroupLine> {
    database.store().group_lines_of(name).await.unwrap().pop()
}

async fn destination(database: &TestDatabase, name: &str) -> Option<DestinationLine> {
    database
        .store()
        .destination_lines_of(name)
        .await
        .unwrap()
        .pop()
}

/// Polled once with a lag of this.
async fn until_lag(database: &TestDatabase, name: &str, lag: u64) -> GroupLine {
    until(&format!("a lag of {lag} in {name}"), async || {
        group(database, name)
            .await
            .filter(|group| group.lag_messages == Some(lag))
    })
    .await
}

fn orders(lag: i64) -> Sim {
    let mut script = Script::of_topics(&[("orders", 1)], "billing");
    script.head("orders", 0, lag);
    Sim::new(script)
}
