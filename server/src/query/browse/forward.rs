//! From a place on, in the order of each partition.

use std::collections::BTreeSet;

use waybill_broker::browse::{Browse, Start};
use waybill_model::problem::Problem;
use waybill_model::stored::ReadEnded;

use super::cursor::{AWAY, Cursor};
use super::sieve::Sieve;
use super::spent::{Found, Spent, add_away, ended, unread};
use super::{From, Reading};
use crate::payload::Decoder;

pub(super) async fn read(
    browse: &dyn Browse,
    decoder: &Decoder,
    reading: &Reading,
) -> Result<Found, Problem> {
    let mut spent = Spent::new(reading.budget);
    let ends_at = spent.ends_at();
    let mut sieve = Sieve::new(
        &reading.wanted,
        decoder,
        reading.sight,
        ends_at,
        reading.limit,
    );
    // Partitions whose place nobody knows: a reading that shows them later would leave some out.
    let mut away: BTreeSet<String> = BTreeSet::new();
    let mut start = match &reading.from {
        From::Earliest | From::Latest => Start::Earliest,
        From::Offset(offset) => Start::Offset(*offset),
        From::Time(time) => Start::Time(*time),
        From::Cursor(Cursor::Forward(at)) => {
            let mut at = at.clone();
            at.retain(|partition, offset| {
                if *offset < 0 {
                    away.insert(partition.clone());
                }
                *offset >= 0
            });
            Start::At(at)
        }
        From::Cursor(Cursor::Back(_)) => return Err(crate::query::cursor::not_ours()),
    };
    let mut left = reading.budget;
    let (mut next, why, mut unread) = loop {
        let read = spent
            .read(browse, reading, start, left, &mut |stored| {
                sieve.take(stored)
            })
            .await?;
        let waited = sieve.settle().await;
        let next = read.next;
        let unseen = read.unread.iter().map(|(partition, _)| partition);
        away.extend(unseen.filter(|name| !next.contains_key(*name)).cloned());
        if !waited || sieve.is_full() {
            let why = match (sieve.is_full(), sieve.is_out_of_time) {
                (true, _) => ReadEnded::Enough,
                (false, true) => ReadEnded::Time,
                (false, false) => ended(read.ended),
            };
            break (next, why, unread(&read.unread));
        }
        match spent.left() {
            Ok(budget) => left = budget,
            Err(why) => break (next, why, unread(&read.unread)),
        }
        start = Start::At(next);
    };
    let told = spent.told(&sieve, why);
    let mut kept = sieve.kept;
    kept.sort_by(|a, b| {
        let place = |one: &super::sieve::Kept| (one.at, one.partition.clone(), one.offset);
        place(a).cmp(&place(b))
    });
    add_away(&mut unread, away.iter());
    let is_over = why == ReadEnded::End || next.keys().all(|name| away.contains(name));
    next.extend(away.into_iter().map(|name| (name, AWAY)));
    let next = (!is_over).then_some(Cursor::Forward(next));
    Ok(Found {
        kept,
        told,
        next,
        unread,
    })
}
