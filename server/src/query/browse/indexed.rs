//! What a broker's own index finds: a look at it costs little, and no destination need be read.

use std::ops::ControlFlow;
use std::time::Instant;

use waybill_broker::browse::{Clue, Find, Indexed, Stored};
use waybill_model::problem::Problem;
use waybill_model::stored::{ReadEnded, ReadSoFar};
use waybill_model::time::Timestamp;

use super::{GRACE, Query, Reading, Sought, place, refusal, turn};

/// Newest first.
pub(in crate::query) struct Found {
    /// Without what they say: only where they lie and what leads to them.
    pub(in crate::query) kept: Vec<Stored>,
    pub(in crate::query) told: ReadSoFar,
    /// There is no further one.
    pub(in crate::query) is_whole: bool,
}

/// `None`: there is no index for it, or what is in it is not all that may be meant; reading may find
/// it.
///
/// # Errors
/// As [`Query::messages`].
pub(in crate::query) async fn indexed(
    query: &Query,
    reading: &Reading,
    sought: &Sought,
    from: Option<Timestamp>,
) -> Result<Option<Found>, Problem> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let (clues, is_key) = match sought {
        Sought::Key(key) => (vec![text(key).map(Clue::Key)], true),
        Sought::Word { name: None, value } => {
            let (id, key) = (text(value).map(Clue::Id), text(value).map(Clue::Key));
            (vec![id, key], false)
        }
        Sought::Word { .. } | Sought::Trace(_) => return Ok(None),
    };
    let shelved = query.shelved(&reading.place)?;
    let browse = place::browse(&shelved, &reading.place)?;
    let began = Instant::now();
    let _turn = turn(query, reading).await?;
    for clue in clues.into_iter().flatten() {
        let find = Find {
            shelf: reading.place.shelf.clone(),
            clue,
            from,
            patience: reading.budget.time.saturating_sub(began.elapsed()),
        };
        let mut kept: Vec<Stored> = Vec::new();
        let mut keep = |stored: Stored| {
            kept.push(Stored {
                value: None,
                ..stored
            });
            match kept.len() >= reading.limit {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let asked = browse.find(&find, &mut keep);
        let told = match tokio::time::timeout(find.patience + GRACE, asked).await {
            Ok(Ok(Some(told))) => told,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(refused)) => return Err(refusal::problem(&reading.place, refused)),
            Err(_) => return Err(refusal::too_slow(&reading.place)),
        };
        if is_key || !kept.is_empty() {
            kept.sort_by_key(|stored| std::cmp::Reverse(stored.at));
            return Ok(Some(found(kept, told, began, is_key)));
        }
    }
    Ok(None)
}

fn found(kept: Vec<Stored>, told: Indexed, began: Instant, is_key: bool) -> Found {
    let Indexed {
        messages,
        bytes,
        is_whole,
    } = told;
    Found {
        kept,
        told: ReadSoFar {
            messages,
            bytes,
            ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            matched: messages,
            unjudged: 0,
            ended: match is_whole {
                true => ReadEnded::End,
                false => ReadEnded::Enough,
            },
        },
        // A word may stand in a header as well, which no index knows.
        is_whole: is_whole && is_key,
    }
}
