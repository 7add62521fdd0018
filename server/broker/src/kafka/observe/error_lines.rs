//! Many things with few errors: one line an error, however many have it.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use waybill_model::topology::{Unknown, Why};

use crate::kafka::wire::failure::{code_name, is_forbidden};

/// `noun` says what the names are, in the plural; `right` is what reading them wants.
pub(super) fn lines<'a>(
    errors: impl IntoIterator<Item = (i16, &'a str)>,
    noun: &str,
    member: &str,
    right: &str,
) -> Vec<Unknown> {
    let mut by_code: BTreeMap<i16, (usize, &str)> = BTreeMap::new();
    for (code, name) in errors {
        by_code.entry(code).or_insert((0, name)).0 += 1;
    }
    by_code
        .into_iter()
        .map(|(code, (count, example))| {
            let forbidden = ResponseError::try_from_code(code).is_some_and(is_forbidden);
            let name = if forbidden {
                right.to_owned()
            } else {
                code_name(code)
            };
            Unknown {
                member: member.to_owned(),
                why: if forbidden {
                    Why::Forbidden
                } else {
                    Why::Failed
                },
                detail: Some(format!("{name}: {count} {noun}, such as {example}")),
            }
        })
        .collect()
}
