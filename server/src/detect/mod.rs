//! Judging what was read. Pure: a window of readings in, an answer out, and `None` where there are
//! not enough of them. The rules follow Burrow's evaluator (linkedin/Burrow,
//! `core/internal/evaluator/caching.go`); where they go beyond it, the rule says why.
//!
//! Lag in messages is counted in offsets: what compaction removed and what transactions wrote beside
//! messages counts with it.

mod forecast;
mod group;
mod heads;
mod partition;
mod rate;
mod window;

pub use forecast::{Forecast, Loss, forecast};
pub use group::{Members, judge as judge_group};
pub use heads::Heads;
pub use partition::{Around, Found, HeadAttempts, Rules, hesitates, judge};
pub use rate::{Rates, rates};
pub use window::{Sample, Window};
