//! Waybill's store: the only crate that speaks SQL, on Postgres 14 or newer.
//!
//! What it promises:
//!
//! - `append` returns after the commit record is on disk; a block is there whole or not at all.
//! - No row and no index entry is written for a span. A commit is one statement: its spans packed in
//!   a block ([`blocks`]), one segment of the term index, its roll-ups.
//! - Nothing is deleted row by row that has a day: retention drops whole partitions, and never
//!   touches the audit log.
//! - Secrets arrive here in clear and are stored as hashes only.
//! - Texts of senders may hold anything. Postgres' `text` refuses NUL, so it is written as U+FFFD
//!   where a column is text; spans themselves are kept byte for byte.
//!
//! Every statement stands in a `statements!` list, and a test prepares each against a migrated
//! database.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*
        /// For the test that prepares them all.
        #[cfg(feature = "testing")]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql)),*];
    };
}

pub mod accounts;
pub mod audit;
pub mod blocks;
mod connect;
mod error;
pub mod failures;
mod figures;
pub mod finder;
pub mod grants;
pub mod leases;
pub mod native_traces;
mod partition;
pub mod readings;
pub mod retention;
pub mod rollup;
pub mod saved_searches;
mod schema;
pub mod sessions;
pub mod setup_link;
pub mod signals;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod tokens;
pub mod topology;
pub mod troubled;

pub use blocks::{
    Block, BlockId, CorruptFrame, EncodedBlock, Followed, Found, IndexedSpan, Marks, Merged,
    RollupKey, Scan, Touch, Tried, encode,
};
pub use connect::{ConnectOptions, Store};
pub use error::StoreError;
pub use retention::{Retained, RetentionPolicy};
pub use rollup::{DestinationSum, Histogram, Rollup};
pub use schema::Migrated;

/// Every statement of this crate as (module, name, SQL), for the test that prepares them all.
#[cfg(feature = "testing")]
pub fn statements() -> Vec<(&'static str, &'static str, &'static str)> {
    [
        ("accounts", accounts::STATEMENTS),
        ("audit", audit::STATEMENTS),
        ("blocks::append", blocks::append::STATEMENTS),
        ("blocks::find", blocks::find::STATEMENTS),
        ("blocks::merge", blocks::merge::STATEMENTS),
        ("blocks::probe", blocks::probe::STATEMENTS),
        ("blocks::scan", blocks::scan::STATEMENTS),
        ("connect", connect::STATEMENTS),
        ("failures::group", failures::GROUP_STATEMENTS),
        ("failures::read", failures::READ_STATEMENTS),
        ("failures::write", failures::WRITE_STATEMENTS),
        ("figures", figures::STATEMENTS),
        ("finder", finder::STATEMENTS),
        ("grants", grants::STATEMENTS),
        ("leases", leases::STATEMENTS),
        ("native_traces", native_traces::STATEMENTS),
        ("partition", partition::STATEMENTS),
        ("retention", retention::STATEMENTS),
        ("readings::read", readings::READ_STATEMENTS),
        ("readings::events", readings::EVENT_STATEMENTS),
        ("readings::write", readings::WRITE_STATEMENTS),
        ("rollup::read", rollup::read::STATEMENTS),
        ("rollup::fold", rollup::fold::STATEMENTS),
        ("saved_searches", saved_searches::STATEMENTS),
        ("sessions", sessions::STATEMENTS),
        ("setup_link", setup_link::STATEMENTS),
        ("signals", signals::STATEMENTS),
        ("tokens", tokens::STATEMENTS),
        ("topology::ends", topology::ENDS_STATEMENTS),
        ("topology::lines", topology::LINE_STATEMENTS),
        (
            "topology::list_destinations",
            topology::DESTINATION_STATEMENTS,
        ),
        ("topology::list_groups", topology::GROUP_STATEMENTS),
        ("topology::packed", topology::PACKED_STATEMENTS),
        ("topology::poll_state", topology::POLL_STATEMENTS),
        ("troubled::read", troubled::READ_STATEMENTS),
        ("troubled::write", troubled::WRITE_STATEMENTS),
    ]
    .into_iter()
    .flat_map(|(module, list)| list.iter().map(move |(name, sql)| (module, *name, *sql)))
    .collect()
}
