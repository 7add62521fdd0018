//! The pieces that pages are made of.

pub mod badge;
#[cfg(feature = "ssr")]
pub mod chart;
pub mod confirm;
pub mod copy;
pub mod empty;
pub mod field;
#[cfg(feature = "ssr")]
pub mod figure;
pub mod icon;
pub mod loaded;
#[cfg(feature = "ssr")]
pub mod map;
#[cfg(feature = "hydrate")]
pub mod morph;
pub mod name;
#[cfg(feature = "ssr")]
pub mod pager;
pub mod posted;
pub mod problem;
pub mod section;
pub mod table;
pub mod time;
pub mod title;
