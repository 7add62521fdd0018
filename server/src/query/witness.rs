//! Brokers as witnesses: what pollers left in the store about the places where messages lie.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use waybill_broker::{Put, Rest};
use waybill_model::journey::Journey;
use waybill_model::messaging::DestinationRole;
use waybill_model::problem::Problem;
use waybill_model::reading::{PartitionEnds, PartitionPosition};
use waybill_model::time::Timestamp;
use waybill_model::topology::{DestinationKind, Topology};
use waybill_store::topology::{
    DestinationFilter, DestinationLine, DestinationSort, GroupFilter, GroupLine, destination_key,
    place_key,
};

use super::Query;
use super::observed::Polls;
use crate::auth::store_problem;
use crate::clock;
use crate::journey::settle::{LogWord, Parked, QueueWord, QueuesWord, Reader, Told, Word, settle};

/// Destinations that are looked up for one page.
const DESTINATIONS: usize = 64;
/// Retry and dead-letter destinations of a cluster that are looked at, the fullest first.
const ASIDE: u32 = 200;
/// Groups of one destination.
const GROUPS: u32 = 200;
/// Kinds of groups whose members take messages one by one: what lies behind its position may be read.
const ONE_BY_ONE: [&str; 2] = ["share", "pop"];

/// Cluster and destination.
type Place = (String, String);
/// Destination and what it was routed by.
type Wanted = (String, Option<String>);

impl Query {
    /// Settles what spans leave open, by what was read of the brokers. Journeys of clusters that are
    /// not read stay as they are.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub(super) async fn settle<'j>(
        &self,
        journeys: impl Iterator<Item = &'j mut Journey>,
    ) -> Result<(), Problem> {
        self.settle_by(&mut Read::default(), journeys).await
    }

    /// The same, by what was read before and what is still missing: for answers that are put together
    /// bit by bit.
    pub(super) async fn settle_by<'j>(
        &self,
        read: &mut Read,
        journeys: impl Iterator<Item = &'j mut Journey>,
    ) -> Result<(), Problem> {
        let managed = self.clusters.managed();
        let of_managed = |journey: &Journey| {
            let cluster = journey.message.cluster.as_ref();
            cluster.is_some_and(|cluster| managed.contains(cluster))
        };
        let mut journeys: Vec<&mut Journey> = journeys.filter(|j| of_managed(j)).collect();
        if journeys.is_empty() {
            return Ok(());
        }
        if read.polls.is_none() {
            read.polls = Some(self.polls(clock::now()).await?);
        }
        let missing = places(&journeys).into_iter();
        let missing = missing.filter(|place| !read.logs.contains_key(place));
        let missing: Vec<Place> = missing.take(DESTINATIONS).collect();
        for place in missing {
            let log = self.log(&place).await?;
            if !read.aside.contains_key(&place.0) {
                let aside = self.holds_aside(&place.0).await?;
                read.aside.insert(place.0.clone(), aside);
            }
            read.logs.insert(place, log);
        }
        self.read_rests(&journeys, read).await?;
        for journey in &mut journeys {
            let words: Vec<Option<Word>> = (0..journey.hops.len())
                .map(|hop| read.word(journey, hop))
                .collect();
            settle(journey, &words);
        }
        Ok(())
    }

    /// Whether a retry or dead-letter destination of the cluster holds messages, as far as is known.
    async fn holds_aside(&self, cluster: &str) -> Result<bool, Problem> {
        let filter = DestinationFilter {
            cluster: Some(cluster.to_owned()),
            roles: Some(vec![DestinationRole::Retry, DestinationRole::DeadLetter]),
            sort: DestinationSort::Depth,
            ..DestinationFilter::default()
        };
        let lines = self.store.destination_lines(&filter, ASIDE).await;
        let mut lines = lines.map_err(store_problem)?.into_iter();
        Ok(lines.any(|listed| listed.line.depth_messages != Some(0)))
    }

    async fn log(&self, (cluster, destination): &Place) -> Result<Log, Problem> {
        let filter = GroupFilter {
            cluster: Some(cluster.clone()),
            destination: Some(destination.clone()),
            ..GroupFilter::default()
        };
        let lines = self.store.group_lines(&filter, GROUPS).await;
        let lines: Vec<GroupLine> = lines
            .map_err(store_problem)?
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        let keys: Vec<i64> = lines.iter().map(GroupLine::key).collect();
        let positions = self.store.positions_on(&keys, destination).await;
        let key = destination_key(cluster, None, DestinationKind::Topic, destination);
        let ends = self.store.destination_ends(key).await;
        let line = self.store.destination_line(key, None).await;
        let line = line.map_err(store_problem)?;
        Ok(Log {
            made_again_at: line.and_then(|listed| listed.line.taken_at),
            lines,
            positions: positions.map_err(store_problem)?,
            ends: ends.map_err(store_problem)?,
        })
    }

    /// Where messages without an offset come to rest.
    async fn read_rests(&self, journeys: &[&mut Journey], read: &mut Read) -> Result<(), Problem> {
        // By cluster and system.
        let mut asked: BTreeMap<(String, String), BTreeSet<Wanted>> = BTreeMap::new();
        for journey in journeys {
            let message = &journey.message;
            let Some(cluster) = &message.cluster else {
                continue;
            };
            let last = journey.hops.last().filter(|hop| hop.offset.is_none());
            if let Some((hop, destination)) = last.and_then(|h| Some((h, h.destination.clone()?))) {
                let of_cluster = (cluster.clone(), message.system.clone());
                let put = (destination, hop.route.clone());
                if read.asked.insert((cluster.clone(), put.clone())) {
                    asked.entry(of_cluster).or_default().insert(put);
                }
            }
        }
        for ((cluster, system), puts) in asked {
            let Some(topology) = self.topology_of(&cluster).await? else {
                continue;
            };
            let puts: Vec<Wanted> = puts.into_iter().collect();
            let rests = self.rests(&system, &topology, &puts);
            let mut wanted: BTreeSet<i64> = BTreeSet::new();
            for (put, rest) in puts.into_iter().zip(rests) {
                let Some(rest) = rest else { continue };
                wanted.insert(place_key(&system, &put.0));
                for queue in &rest.queues {
                    wanted.insert(place_key(&system, &queue.name));
                    let aside = queue.dead_letters.iter().flatten();
                    wanted.extend(aside.map(|name| place_key(&system, name)));
                }
                read.rests.insert((cluster.clone(), put), rest);
            }
            let wanted: Vec<i64> = wanted.into_iter().collect();
            let among = [cluster];
            let lines = self.store.destination_lines_at(&wanted, Some(&among)).await;
            for listed in lines.map_err(store_problem)? {
                read.queues.insert(listed.line.key(), listed.line);
            }
        }
        Ok(())
    }

    fn rests(&self, system: &str, topology: &Arc<Topology>, puts: &[Wanted]) -> Vec<Option<Rest>> {
        let puts: Vec<Put<'_>> = puts
            .iter()
            .map(|(destination, route)| Put {
                destination,
                route: route.as_deref(),
            })
            .collect();
        self.dialects.rests(system, topology, &puts)
    }
}

/// Where the journeys lie, with offsets.
fn places(journeys: &[&mut Journey]) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for journey in journeys {
        let hops = journey.hops.iter().filter(|hop| hop.offset.is_some());
        for destination in hops.filter_map(|hop| hop.destination.clone()) {
            places.extend(journey.message.cluster.clone().map(|c| (c, destination)));
        }
    }
    places
}

/// Everything at hand for one page.
#[derive(Default)]
pub(super) struct Read {
    polls: Option<Polls>,
    /// What was asked for where it leads.
    asked: BTreeSet<(String, Wanted)>,
    logs: BTreeMap<Place, Log>,
    /// By cluster.
    aside: BTreeMap<String, bool>,
    rests: HashMap<(String, Wanted), Rest>,
    queues: HashMap<i64, DestinationLine>,
}

struct Log {
    lines: Vec<GroupLine>,
    positions: HashMap<i64, Vec<PartitionPosition>>,
    ends: Vec<PartitionEnds>,
    made_again_at: Option<Timestamp>,
}

impl Read {
    fn word(&self, journey: &Journey, hop: usize) -> Option<Word> {
        let cluster = journey.message.cluster.clone()?;
        let hop = journey.hops.get(hop)?;
        let destination = hop.destination.clone()?;
        let told = match &hop.partition {
            Some(partition) if hop.offset.is_some() => {
                let log = self.logs.get(&(cluster.clone(), destination))?;
                Told::Log(self.log(&cluster, log, partition))
            }
            _ => {
                let key = (cluster.clone(), (destination, hop.route.clone()));
                Told::Queues(self.queues(&cluster, &key.1.0, self.rests.get(&key)?)?)
            }
        };
        Some(Word { cluster, told })
    }

    fn log(&self, cluster: &str, log: &Log, partition: &str) -> LogWord {
        let reader = |line: &GroupLine| {
            let positions = log.positions.get(&line.key())?;
            let position = positions.iter().find(|p| p.partition == partition)?;
            let age = self.polls.as_ref()?.age(cluster, line.figures_at);
            Some(Reader {
                group: line.name.clone(),
                committed: position.committed,
                head: position.head,
                members: line.members,
                in_order: !ONE_BY_ONE.contains(&line.kind.as_str()),
                as_of: age.as_of?,
                stale: age.stale || line.missing_since.is_some(),
            })
        };
        let made_again_at = log.made_again_at;
        let ends = log.ends.iter().find(|ends| ends.partition == partition);
        LogWord {
            low: ends.and_then(|ends| ends.low),
            made_again_at,
            aside: self.aside.get(cluster).copied().unwrap_or_default(),
            readers: log.lines.iter().filter_map(reader).collect(),
        }
    }

    fn queues(&self, cluster: &str, put_to: &str, rest: &Rest) -> Option<QueuesWord> {
        let polls = self.polls.as_ref()?;
        let state = polls.of(cluster)?;
        let exchange = self.queues.values().find(|line| {
            line.cluster == cluster
                && line.name == put_to
                && line.kind == DestinationKind::Exchange
                && rest.namespace == line.namespace
        });
        let queues = rest.queues.iter().map(|queue| {
            let line = self.queue(cluster, queue.namespace.as_deref(), &queue.name)?;
            let age = polls.age(cluster, line.figures_at);
            let parked = queue.dead_letters.as_ref().map(|names| {
                let parked = names.iter().map(|name| {
                    let line = self.queue(cluster, queue.namespace.as_deref(), name);
                    Parked {
                        held: line.and_then(|line| line.depth_messages),
                        received_at: line.and_then(|line| line.received_at),
                    }
                });
                parked.collect()
            });
            Some(QueueWord {
                name: queue.name.clone(),
                held: line.depth_messages,
                lets_go: queue.lets_go,
                dead_letters: parked,
                received_at: line.received_at,
                taken_at: line.taken_at,
                held_since: line.held_since,
                all_taken: line.all_taken,
                as_of: age.as_of?,
                stale: age.stale || line.missing_since.is_some(),
            })
        });
        Some(QueuesWord {
            as_of: state.topology_at?,
            stale: state.topology_is_stale(polls.now),
            watched_since: exchange.and_then(|line| line.received_at),
            lost_at: exchange.and_then(|line| line.taken_at),
            queues: queues.collect::<Option<_>>()?,
        })
    }

    fn queue(
        &self,
        cluster: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&DestinationLine> {
        let key = destination_key(cluster, namespace, DestinationKind::Queue, name);
        self.queues.get(&key)
    }
}
