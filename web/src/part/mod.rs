//! The pieces that pages are made of.

pub mod badge;
pub mod chart;
pub mod confirm;
pub mod copy;
pub mod empty;
pub mod field;
pub mod figure;
pub mod icon;
pub mod loaded;
pub mod map;
pub mod name;
pub mod pager;
pub mod posted;
pub mod problem;
pub mod section;
pub mod table;
pub mod time;
pub mod title;
