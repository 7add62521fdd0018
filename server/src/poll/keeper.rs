//! What is kept of one cluster in memory, and how it comes into the store.

use std::sync::Arc;

use tokio::task::spawn_blocking;
use waybill_model::cluster::{MissingRight, PollState, Refusal};
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Topology};
use waybill_store::readings::{GroupSample, ReadingBatch};
use waybill_store::topology::GroupLine;
use waybill_store::{Store, StoreError};

use super::diff::Written;
use super::evidence::{HeadTold, Wonder};
use super::group_figures;
use super::judging::Judging;
use super::lines::{Lines, Named, lines};
use super::minutes::{Figure, Minutes};
use super::pace::Pace;
use super::positions::Positions;
use super::sampling::Sampling;
use super::snapshot::Snapshot;

pub struct Keeper {
    named: Named,
    store: Store,
    pace: Pace,
    /// `None` until the store has told what was left there.
    memory: Option<Memory>,
    refused: Refused,
    missing_rights: Option<Vec<MissingRight>>,
}

#[derive(Default)]
struct Memory {
    snapshot: Snapshot,
    written: Written,
    sampling: Sampling,
    minutes: Minutes,
    judging: Judging,
    /// As the store has it.
    saved: Option<Arc<Topology>>,
    /// What readings named that the last topology did not.
    unheard_of: usize,
    /// Some figure was left out by the last readings, and is older than they.
    left_out: bool,
    /// That began or ended since the last topology: a node may have gone or come.
    turned: bool,
    /// Roll-ups that the store did not take yet.
    unsaved: ReadingBatch,
}

#[derive(Default)]
struct Refused {
    readings: Option<Refusal>,
    topology: Option<Refusal>,
}

/// Which question was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Readings,
    Topology,
}

/// Names are written out for this many at a time.
const PARTITIONS_A_WRITE: usize = 100_000;
/// Roll-ups wait for a database that is away, this many of them; then they are let go.
const MOST_UNSAVED: usize = 100_000;
/// What is read again of what was kept before this process: readings of the last minutes, so many of
/// each group, none of groups on very many partitions.
const LEFT_MS: i64 = 15 * 60_000;
const LEFT_READINGS: u32 = 12;
const LEFT_PARTITIONS: u32 = 2_000;

impl Keeper {
    pub fn new(named: Named, store: Store, pace: Pace) -> Self {
        Self {
            named,
            store,
            pace,
            memory: None,
            refused: Refused::default(),
            missing_rights: None,
        }
    }

    /// Another process may have polled since: its words are read again before the next are written.
    pub fn forget(&mut self) {
        self.memory = None;
    }

    pub async fn take_readings(
        &mut self,
        readings: Readings,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.load().await?;
        self.refused.readings = None;
        if let Some(memory) = self.memory.take() {
            let named = self.named.clone();
            let interval_ms = self.interval_ms();
            // Millions of positions take a while: other clusters' answers must not wait for it.
            let taken =
                spawn_blocking(move || memory.with_readings(readings, at, &named, interval_ms));
            // Where it broke, the store tells what was left.
            if let Ok((memory, lines)) = taken.await {
                let memory = self.memory.insert(memory);
                memory
                    .save(&self.store, &self.named, lines, Some(at))
                    .await?;
            }
        }
        self.save_state().await
    }

    pub async fn take_topology(
        &mut self,
        topology: Topology,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.load().await?;
        self.refused.topology = None;
        let named = self.named.clone();
        let interval_ms = self.interval_ms();
        if let Some(memory) = &mut self.memory {
            let snapshot = &mut memory.snapshot;
            let again = snapshot.take_topology(topology, at);
            memory
                .judging
                .take_topology(&named.cluster, snapshot, &again, at);
            memory.unheard_of = memory.snapshot.unheard();
            memory.turned = false;
            let lines = memory.lines(&named, interval_ms, at);
            memory.save_topology(&self.store, &named.cluster).await?;
            // What it makes known may have been read before it.
            let read_at = memory.snapshot.readings_at;
            memory.save(&self.store, &named, lines, read_at).await?;
        }
        self.save_state().await
    }

    pub fn take_rights(&mut self, rights: Vec<MissingRight>) {
        self.missing_rights = Some(rights);
    }

    /// Nothing that was told before is touched.
    pub async fn take_refusal(
        &mut self,
        question: Question,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let at = refusal.at;
        match question {
            Question::Readings => self.refused.readings = Some(refusal),
            Question::Topology => self.refused.topology = Some(refusal),
        }
        self.load().await?;
        let named = self.named.clone();
        if let Some(memory) = &mut self.memory {
            let over = memory.minutes.over(at);
            add(&mut memory.unsaved, over);
            memory.save_readings(&self.store, &named.cluster).await?;
        }
        self.save_state().await
    }

    /// At the end: the minute that goes on is written as far as it was read.
    pub async fn close(&mut self) -> Result<(), StoreError> {
        let Some(memory) = &mut self.memory else {
            return Ok(());
        };
        let rest = memory.minutes.close();
        add(&mut memory.unsaved, rest);
        memory.save_readings(&self.store, &self.named.cluster).await
    }

    /// Of either question; readings tell more of now.
    pub fn refused(&self) -> Option<&Refusal> {
        self.refused
            .readings
            .as_ref()
            .or(self.refused.topology.as_ref())
    }

    pub fn refuses(&self, question: Question) -> bool {
        match question {
            Question::Readings => self.refused.readings.is_some(),
            Question::Topology => self.refused.topology.is_some(),
        }
    }

    /// The readings name more that the topology does not than right after it was read, or leave out
    /// what they told then; and it was read a while ago: what comes and goes all the time must not make
    /// it read all the time.
    pub fn topology_is_behind(&self, now: Timestamp) -> bool {
        let Some(memory) = &self.memory else {
            return false;
        };
        let read_at = memory.snapshot.topology.as_ref().map(|told| told.at);
        let rest_ms = self.pace.look_every.as_millis() as f64;
        // Members decide what is said of a group that stands, at its next reading.
        let doubt_ms = (2.0 * self.interval_ms()).max(rest_ms / 3.0);
        let rested = |ms: f64| read_at.is_some_and(|at| now.ms_since(at) >= ms);
        (rested(rest_ms) && (memory.turned || memory.snapshot.unheard() > memory.unheard_of))
            || (rested(doubt_ms) && memory.judging.doubts)
    }

    /// Positions that the last reading left open.
    pub fn wonders(&mut self) -> Vec<Wonder> {
        let memory = self.memory.as_mut();
        memory.map_or_else(Vec::new, |memory| {
            std::mem::take(&mut memory.judging.evidence.wonders)
        })
    }

    /// Counts from the next reading on.
    pub fn take_evidence(&mut self, told: Vec<(Wonder, HeadTold)>, at: Timestamp) {
        if let Some(memory) = &mut self.memory {
            let positions = &memory.snapshot.positions;
            memory.judging.take_evidence(positions, told, at);
        }
    }

    fn interval_ms(&self) -> f64 {
        self.pace.readings_every.as_secs_f64() * 1_000.0
    }

    /// What was left by whoever polled before.
    async fn load(&mut self) -> Result<(), StoreError> {
        if self.memory.is_some() {
            return Ok(());
        }
        let cluster = &self.named.cluster;
        let states = self.store.poll_states().await?;
        let left = states.into_iter().find(|state| state.cluster == *cluster);
        let left_at = left.as_ref().and_then(|state| state.readings_at);
        let groups = self.store.group_lines_of(cluster).await?;
        let mut memory = Memory {
            judging: self.judging_left(&groups, left_at).await?,
            written: Written::of(
                self.store.destination_lines_of(cluster).await?,
                groups,
                left_at,
            ),
            ..Memory::default()
        };
        let topology_at = left.as_ref().and_then(|state| state.topology_at);
        if let (Some((_, topology)), Some(at)) = (self.store.topology(cluster).await?, topology_at)
        {
            memory.snapshot.restore_topology(topology, at);
            memory.saved = memory
                .snapshot
                .topology
                .as_ref()
                .map(|told| told.topology.clone());
        }
        self.memory = Some(memory);
        Ok(())
    }

    /// The windows of groups, from what was kept of their last readings.
    async fn judging_left(
        &self,
        groups: &[GroupLine],
        left_at: Option<Timestamp>,
    ) -> Result<Judging, StoreError> {
        let Some(left_at) = left_at else {
            return Ok(Judging::default());
        };
        let keys: Vec<i64> = groups.iter().map(GroupLine::key).collect();
        let since = left_at.plus_ms(-LEFT_MS);
        let store = &self.store;
        let left = store.recent_samples(&keys, since, LEFT_READINGS, LEFT_PARTITIONS);
        Ok(Judging::left(groups, left.await?))
    }

    async fn save_state(&self) -> Result<(), StoreError> {
        let snapshot = self.memory.as_ref().map(|memory| &memory.snapshot);
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let state = PollState {
            cluster: self.named.cluster.clone(),
            system: self.named.system.clone(),
            interval_ms: ms(self.pace.readings_every),
            topology_every_ms: ms(self.pace.topology_every),
            topology_at: snapshot
                .and_then(|s| s.topology.as_ref())
                .map(|told| told.at),
            readings_at: snapshot.and_then(|snapshot| snapshot.readings_at),
            refused: self.refused().cloned(),
            missing_rights: self.missing_rights.clone(),
        };
        self.store.save_poll_state(&state).await
    }
}

impl Memory {
    fn with_readings(
        mut self,
        readings: Readings,
        at: Timestamp,
        named: &Named,
        interval_ms: f64,
    ) -> (Self, Lines) {
        self.snapshot.take_readings(readings, at);
        let positions = &self.snapshot.positions;
        self.judging
            .take_readings(&named.cluster, positions, interval_ms);
        let lines = self.lines(named, interval_ms, at);
        let left_out = is_any_aged(&lines);
        self.turned |= left_out != self.left_out;
        self.left_out = left_out;
        let figures = figures(&lines);
        let over = self.minutes.read(at, figures.into_iter());
        add(&mut self.unsaved, over);
        (self, lines)
    }

    fn lines(&mut self, named: &Named, interval_ms: f64, now: Timestamp) -> Lines {
        let mut lines = lines(named, &self.snapshot);
        self.written.keep_unread(&mut lines);
        let judging = &mut self.judging;
        judging.judge(named, &self.snapshot, &mut lines, interval_ms, now);
        lines
    }

    async fn save_topology(&mut self, store: &Store, cluster: &str) -> Result<(), StoreError> {
        let Some(told) = &self.snapshot.topology else {
            return Ok(());
        };
        if self.saved.as_ref() != Some(&told.topology) {
            store.save_topology(cluster, &told.topology).await?;
            self.saved = Some(told.topology.clone());
        }
        Ok(())
    }

    /// `read_at`: of the last readings, whose samples are kept.
    async fn save(
        &mut self,
        store: &Store,
        named: &Named,
        lines: Lines,
        read_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        // Positions before the lines that lead to them.
        if let Some(at) = read_at {
            self.save_samples(store, &named.cluster, &lines, at).await?;
        }
        // Without a topology it is not known what exists: nothing may be taken for gone.
        if self.snapshot.topology.is_some() {
            let changes = self.written.changes(&lines);
            store.save_lines(&named.cluster, &changes).await?;
            for group in &changes.gone_groups {
                self.sampling.forget(*group);
            }
            self.written.take_changes(changes);
        }
        store.save_group_events(&self.judging.events).await?;
        self.judging.events.clear();
        self.save_readings(store, &named.cluster).await
    }

    async fn save_samples(
        &mut self,
        store: &Store,
        cluster: &str,
        lines: &Lines,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let due = self.sampling.due(lines, at);
        let mut due = due.into_iter().peekable();
        while due.peek().is_some() {
            let (mut samples, mut partitions) = (Vec::new(), 0);
            while let Some(one) = due.next_if(|_| partitions < PARTITIONS_A_WRITE) {
                partitions += one.partitions.max(1);
                samples.extend(sample(
                    &self.snapshot.positions,
                    &lines.groups[one.line],
                    at,
                ));
            }
            let batch = ReadingBatch {
                superseded: self.sampling.superseded(&samples),
                samples,
                ..ReadingBatch::default()
            };
            store.save_readings(cluster, &batch).await?;
            self.sampling.take(&batch.samples, lines);
        }
        Ok(())
    }

    async fn save_readings(&mut self, store: &Store, cluster: &str) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.unsaved);
        if let Err(error) = store.save_readings(cluster, &batch).await {
            add(&mut self.unsaved, batch);
            return Err(error);
        }
        Ok(())
    }
}

fn add(unsaved: &mut ReadingBatch, over: ReadingBatch) {
    unsaved.minutes.extend(over.minutes);
    unsaved.hours.extend(over.hours);
    unsaved.read_minutes.extend(over.read_minutes);
    if unsaved.minutes.len() + unsaved.hours.len() > MOST_UNSAVED {
        tracing::warn!("roll-ups of readings are let go: the database takes none");
        *unsaved = ReadingBatch::default();
    }
}

fn sample(positions: &Positions, line: &GroupLine, at: Timestamp) -> Option<GroupSample> {
    let kept = positions.groups.get(line.name.as_str())?;
    Some(GroupSample {
        group: line.key(),
        at,
        lag_messages: line.lag_messages,
        partitions: group_figures::partitions(positions, kept),
    })
}

fn is_any_aged(lines: &Lines) -> bool {
    let destinations = lines.destinations.iter().map(|line| line.figures_at);
    let groups = lines.groups.iter().map(|line| line.figures_at);
    destinations.chain(groups).any(|at| at.is_some())
}

/// Of groups their lag, of destinations what they hold.
fn figures(lines: &Lines) -> Vec<Figure> {
    let steps = |key: i64| lines.steps.get(&key).copied();
    let groups = lines.groups.iter().filter_map(|line| {
        let object = line.key();
        Some(Figure {
            object,
            value: line.lag_messages,
            steps: steps(object)?,
        })
    });
    let destinations = lines.destinations.iter().filter_map(|line| {
        let object = line.key();
        Some(Figure {
            object,
            value: line.depth_messages,
            steps: steps(object)?,
        })
    });
    groups.chain(destinations).collect()
}
