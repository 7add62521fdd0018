//! Watching brokers: what is asked ([`schedule`]), what is kept of the answers ([`snapshot`]), what
//! of it differs from what the store has ([`diff`]). A broker that is slow, gone or refuses ages its
//! own readings and nobody else's.

mod depths;
mod diff;
pub mod evidence;
mod follower;
mod group_figures;
mod judged_place;
mod judging;
mod keeper;
mod lag;
mod lines;
mod membership;
mod minutes;
mod pace;
mod places;
mod positions;
mod queue_windows;
mod route_watch;
mod sampling;
mod schedule;
mod shelf_life;
mod snapshot;
mod tenure;
mod windows;

pub use follower::{Follower, Index};
pub use lines::Named;
pub use pace::Pace;
pub use schedule::{Schedule, Target};
