//! One file a screen.

pub mod audit;
pub mod frame;
pub mod health;
pub mod journey;
pub mod messages;
pub mod not_found;
pub mod overview;
pub mod search;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod users;
