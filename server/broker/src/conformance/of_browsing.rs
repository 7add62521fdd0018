//! Reading stored messages: whole, once, in order, resumed without a gap, within its budget.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::refusal::refusal;
use super::{SLACK, late, within};
use crate::adapter::{Cluster, Reason, Refused};
use crate::browse::{Ask, Browse, Budget, Ended, Price, Read, Shelf, Start, Stored};

const PLENTY_BYTES: u64 = 64 * 1024 * 1024;
const PAGE: usize = 7;

/// Reads a destination that is at rest and holds some messages, in every way there is.
///
/// # Errors
/// Each line names what was broken.
pub async fn reads(
    cluster: &dyn Cluster,
    shelf: &Shelf,
    patience: Duration,
) -> Result<Vec<Stored>, Vec<String>> {
    let suite = Suite::new(cluster, shelf, patience)?;
    let began = Instant::now();
    let told = suite.browse.price(shelf, patience).await;
    let price = within("price", began, patience, told)?;
    let Price::Free { messages, .. } = price else {
        return Err(vec![format!(
            "{price:?}: the suite is for what can be read"
        )]);
    };
    let (all, read) = suite.read("earliest", Start::Earliest).await?;
    let mut broken = whole(&all, &read);
    // Gaps of markers and compaction count as messages where only positions are known.
    if messages.is_some_and(|messages| messages < all.len() as u64) {
        broken.push(format!("{messages:?} by the price, {} read", all.len()));
    }
    let places: Vec<_> = all.iter().map(place).collect();
    broken.extend(suite.pages(&places).await?);
    let (again, _) = suite.read("again", Start::Earliest).await?;
    if again != all {
        broken.push("a second reading told something else".into());
    }
    let (none, rest) = suite.read("at", Start::At(read.next.clone())).await?;
    if !none.is_empty() || rest.ended != Ended::End {
        broken.push(format!("after the end: {} messages", none.len()));
    }
    let (newest, _) = suite.read("newest", Start::Newest(1)).await?;
    let last: BTreeMap<_, _> = places.iter().cloned().collect();
    let newest: Vec<_> = newest.iter().map(place).collect();
    if newest.iter().cloned().collect::<BTreeMap<_, _>>() != last {
        broken.push(format!("newest of each: {newest:?} in place of {last:?}"));
    }
    broken.extend(suite.later(&all).await?);
    broken.extend(suite.budgets(&all).await?);
    broken.extend(suite.strangers().await);
    match broken.is_empty() {
        true => Ok(all),
        false => Err(broken),
    }
}

/// A destination that only disturbing could read: the price is told, and reading refused with it.
///
/// # Errors
/// Each line names what was broken.
pub async fn disturbs(
    cluster: &dyn Cluster,
    shelf: &Shelf,
    patience: Duration,
) -> Result<Refused, Vec<String>> {
    let suite = Suite::new(cluster, shelf, patience)?;
    let began = Instant::now();
    let told = suite.browse.price(shelf, patience).await;
    match within("price", began, patience, told)? {
        Price::Disturbs { cost, instead } if !cost.is_empty() && !instead.is_empty() => {}
        other => return Err(vec![format!("{other:?}: neither cost nor what to do")]),
    }
    let mut kept = 0;
    let ask = suite.ask(Start::Earliest);
    let mut keep = |_| {
        kept += 1;
        ControlFlow::Continue(())
    };
    let told = suite.browse.read(&ask, &mut keep).await;
    match told {
        Err(refused) if refused.reason == Reason::Disturbs && kept == 0 => {
            let broken = refusal(&refused);
            broken.is_empty().then_some(refused).ok_or(broken)
        }
        other => Err(vec![format!("{kept} messages, then {other:?}")]),
    }
}

struct Suite<'a> {
    browse: &'a dyn Browse,
    shelf: &'a Shelf,
    patience: Duration,
}

type Place = (Option<String>, i64);

fn place(message: &Stored) -> Place {
    (message.partition.clone(), message.offset)
}

impl<'a> Suite<'a> {
    fn new(
        cluster: &'a dyn Cluster,
        shelf: &'a Shelf,
        patience: Duration,
    ) -> Result<Self, Vec<String>> {
        let none = || vec!["the cluster has no facet that browses".into()];
        Ok(Self {
            browse: cluster.browse().ok_or_else(none)?,
            shelf,
            patience,
        })
    }

    fn ask(&self, start: Start) -> Ask {
        Ask {
            shelf: self.shelf.clone(),
            partition: None,
            start,
            budget: Budget {
                bytes: PLENTY_BYTES,
                time: self.patience,
            },
            linger: Duration::ZERO,
        }
    }

    async fn read(&self, what: &str, start: Start) -> Result<(Vec<Stored>, Read), Vec<String>> {
        self.some(what, &self.ask(start), usize::MAX).await
    }

    async fn some(
        &self,
        what: &str,
        ask: &Ask,
        enough: usize,
    ) -> Result<(Vec<Stored>, Read), Vec<String>> {
        let mut kept = Vec::new();
        let began = Instant::now();
        let mut keep = |message| {
            kept.push(message);
            match kept.len() >= enough {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let told = self.browse.read(ask, &mut keep).await;
        let read = within(what, began, ask.budget.time, told)?;
        Ok((kept, read))
    }

    /// Page after page by what each reading told: everything, exactly once.
    async fn pages(&self, places: &[Place]) -> Result<Vec<String>, Vec<String>> {
        let mut seen = Vec::new();
        let mut start = Start::Earliest;
        loop {
            let (page, read) = self.some("a page", &self.ask(start), PAGE).await?;
            seen.extend(page.iter().map(place));
            start = Start::At(read.next);
            if read.ended == Ended::End || seen.len() > places.len() {
                break;
            }
        }
        let mut expected = places.to_vec();
        expected.sort();
        seen.sort();
        let broken = (seen != expected).then(|| {
            format!(
                "page by page {} messages, at once {}",
                seen.len(),
                expected.len()
            )
        });
        Ok(broken.into_iter().collect())
    }

    /// From an offset, and from a time, of one partition.
    async fn later(&self, all: &[Stored]) -> Result<Vec<String>, Vec<String>> {
        let Some(middle) = all.get(all.len() / 2) else {
            return Ok(vec!["the suite is for what holds messages".into()]);
        };
        let mut ask = self.ask(Start::Offset(middle.offset));
        ask.partition = middle.partition.clone();
        let (from, _) = self.some("offset", &ask, usize::MAX).await?;
        let expected: Vec<_> = all
            .iter()
            .filter(|m| m.partition == middle.partition && m.offset >= middle.offset)
            .map(place)
            .collect();
        let mut broken = Vec::new();
        let from: Vec<_> = from.iter().map(place).collect();
        if from != expected {
            broken.push(format!(
                "from offset {}: {from:?} in place of {expected:?}",
                middle.offset
            ));
        }
        if let Some(at) = middle.at {
            ask.start = Start::Time(at);
            let (from, _) = self.some("time", &ask, usize::MAX).await?;
            let first = all
                .iter()
                .find(|m| m.partition == middle.partition && m.at.is_some_and(|m| m >= at));
            // A broker may find times by the chunk: earlier is allowed, later would be a loss.
            let begins = from.first().map(|first| first.offset);
            if begins.is_none_or(|begins| first.is_some_and(|first| begins > first.offset)) {
                broken.push(format!(
                    "from time {at:?}: begins at {begins:?}, {first:?} is left out"
                ));
            }
        }
        Ok(broken)
    }

    /// No byte and no moment beyond one answer.
    async fn budgets(&self, all: &[Stored]) -> Result<Vec<String>, Vec<String>> {
        let mut broken = Vec::new();
        let mut ask = self.ask(Start::Earliest);
        ask.budget.bytes = 0;
        let (kept, read) = self.some("no byte", &ask, usize::MAX).await?;
        if !kept.is_empty() || (!all.is_empty() && read.ended != Ended::Bytes) {
            broken.push(format!(
                "no byte: {} messages, then {:?}",
                kept.len(),
                read.ended
            ));
        }
        let mut ask = self.ask(Start::At(BTreeMap::new()));
        ask.budget.time = Duration::from_millis(300);
        ask.linger = Duration::from_secs(60);
        let began = Instant::now();
        let (kept, read) = self.some("lingering", &ask, usize::MAX).await?;
        if began.elapsed() > ask.budget.time + SLACK {
            broken.push(late("lingering", began.elapsed(), ask.budget.time));
        }
        if !kept.is_empty() || read.ended != Ended::Time {
            broken.push(format!(
                "lingering: {} messages, then {:?}",
                kept.len(),
                read.ended
            ));
        }
        Ok(broken)
    }

    /// What is not there is said not to be there.
    async fn strangers(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let stranger = Shelf {
            namespace: self.shelf.namespace.clone(),
            name: "waybill.no.such.destination".into(),
        };
        match self.browse.price(&stranger, self.patience).await {
            Err(refused) if refused.reason == Reason::NotThere => broken.extend(refusal(&refused)),
            other => broken.push(format!("a stranger's price: {other:?}")),
        }
        let mut ask = self.ask(Start::Earliest);
        ask.partition = Some("no such partition".into());
        match self
            .browse
            .read(&ask, &mut |_| ControlFlow::Continue(()))
            .await
        {
            Err(refused) if refused.reason == Reason::NotThere => broken.extend(refusal(&refused)),
            other => broken.push(format!("a partition that is not there: {other:?}")),
        }
        broken
    }
}

/// Everything once, each partition in order, and the positions told fit what was handed over.
fn whole(all: &[Stored], read: &Read) -> Vec<String> {
    let mut broken = Vec::new();
    if read.ended != Ended::End || read.messages != all.len() as u64 {
        broken.push(format!(
            "{} messages told, {} handed over, then {:?}",
            read.messages,
            all.len(),
            read.ended
        ));
    }
    let mut seen = BTreeSet::new();
    let mut last: BTreeMap<&Option<String>, i64> = BTreeMap::new();
    for message in all {
        if !seen.insert(place(message)) {
            broken.push(format!("{:?} stands twice", place(message)));
        }
        let before = last.insert(&message.partition, message.offset);
        if before.is_some_and(|before| before > message.offset) {
            broken.push(format!("{:?} comes after {before:?}", place(message)));
        }
    }
    for (partition, offset) in &last {
        let partition = partition.as_deref().unwrap_or_default();
        let next = read.next.get(partition);
        if next.is_none_or(|next| next <= offset) {
            broken.push(format!("{partition:?}: next is {next:?} after {offset}"));
        }
    }
    for (partition, next) in &read.next {
        if read.ends.get(partition) != Some(next) {
            broken.push(format!(
                "{partition:?}: at the end next is {next}, the end {:?}",
                read.ends.get(partition)
            ));
        }
    }
    broken
}
