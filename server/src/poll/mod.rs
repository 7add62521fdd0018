//! Watching brokers: what is asked ([`schedule`]), what is kept of the answers ([`snapshot`]), what
//! of it differs from what the store has ([`diff`]). A broker that is slow, gone or refuses ages its
//! own readings and nobody else's.

mod depths;
mod diff;
mod follower;
mod group_figures;
mod keeper;
mod lag;
mod lines;
mod minutes;
mod pace;
mod places;
mod positions;
mod route_watch;
mod sampling;
mod schedule;
mod snapshot;
mod tenure;

pub use follower::{Follower, Index};
pub use lines::Named;
pub use pace::Pace;
pub use schedule::{Schedule, Target};
