//! The rounds of a probe: tell each story, read it, read older ones again.

use std::time::{Duration, Instant};

use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;

use super::random::next;
use super::read::{self, Found};
use super::send::Sender;
use super::shape::{Made, Shape, make};
use super::tally::Tally;
use crate::cli::api::Api;
use crate::cli::output;
use crate::clock;

const PAUSE: Duration = Duration::from_millis(20);
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// A line while it runs.
const LINE: Duration = Duration::from_secs(60);
/// Older stories read again a cycle, and at the end.
const AGAIN: usize = 2;
const AGAIN_AT_END: usize = 300;
/// Stories began a moment before they are sent.
const AGO_MS: i64 = 100;

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the beginning of one cycle to the next.
    pub every: Duration,
    /// From acknowledged to readable, at most.
    pub within: Duration,
    /// For a server that is away.
    pub patience: Duration,
}

pub struct Probe<'a> {
    api: Api<'a>,
    pub sender: Sender,
    pub tally: Tally,
    seed: u64,
    choices: u64,
    pace: Pace,
    /// Lines leave standard output to the summary.
    quiet: bool,
    /// What was sent: it can be made again from this.
    told: Vec<(Shape, u64, Timestamp)>,
}

impl<'a> Probe<'a> {
    pub fn new(api: Api<'a>, sender: Sender, seed: u64, pace: Pace, quiet: bool) -> Self {
        Self {
            api,
            sender,
            tally: Tally::default(),
            seed,
            choices: seed,
            pace,
            quiet,
            told: Vec::new(),
        }
    }

    /// For this time, else for so many cycles.
    ///
    /// # Errors
    /// What no waiting mends: wrong words, a token without the right, a server away for too long.
    pub async fn run(&mut self, time: Option<Duration>, cycles: u64) -> Result<(), Problem> {
        let began = Instant::now();
        let mut line_at = began + LINE;
        loop {
            let cycle_began = Instant::now();
            for shape in Shape::ALL {
                self.tell(shape).await?;
            }
            self.again(AGAIN).await?;
            self.tally.cycles += 1;
            if Instant::now() >= line_at {
                line_at += LINE;
                self.say_line();
            }
            let done = match time {
                Some(time) => began.elapsed() >= time,
                None => self.tally.cycles >= cycles,
            };
            if done {
                return self.again(AGAIN_AT_END).await;
            }
            tokio::time::sleep(self.pace.every.saturating_sub(cycle_began.elapsed())).await;
        }
    }

    async fn tell(&mut self, shape: Shape) -> Result<(), Problem> {
        let number = self.told.len() as u64;
        let at = clock::now().plus_ms(-AGO_MS);
        let made = make(shape, self.seed, number, at);
        for request in &made.requests {
            self.sender.send(request).await?;
        }
        self.told.push((shape, number, at));
        self.tally.sent += 1;
        self.tally.spans += made.traces.values().map(|s| s.len() as u64).sum::<u64>();
        self.check(shape, &made, true).await
    }

    /// Reads some that were told before, chosen by the seed.
    async fn again(&mut self, most: usize) -> Result<(), Problem> {
        for n in 0..most.min(self.told.len()) {
            // All of them where they are few enough.
            let place = match most >= self.told.len() {
                true => n,
                false => (next(&mut self.choices) % self.told.len() as u64) as usize,
            };
            let (shape, number, at) = self.told[place];
            let made = make(shape, self.seed, number, at);
            self.check(shape, &made, false).await?;
            self.tally.read_again += 1;
        }
        Ok(())
    }

    async fn check(&mut self, shape: Shape, made: &Made, is_first: bool) -> Result<(), Problem> {
        let began = Instant::now();
        let mut away = Duration::ZERO;
        let found = loop {
            let asked = Instant::now();
            match read::read(&self.api, made).await {
                Ok(found)
                    if found.is_right()
                        || began.elapsed().saturating_sub(away) > self.pace.within =>
                {
                    break found;
                }
                Ok(_) => tokio::time::sleep(PAUSE).await,
                Err(problem) if is_passing(&problem) && away < self.pace.patience => {
                    tokio::time::sleep(AWAY_PAUSE).await;
                    away += asked.elapsed();
                }
                Err(problem) => return Err(problem),
            }
        };
        self.tally.waited += away;
        self.tally.read += 1;
        if is_first && away.is_zero() && found.is_right() {
            self.tally.readable_after(began.elapsed());
        }
        self.count(shape, found);
        Ok(())
    }

    fn count(&mut self, shape: Shape, found: Found) {
        for what in found.missing {
            self.tally.miss(format!("{}, {what}", shape.name()));
        }
        for what in found.wrong {
            self.tally.differ(format!("{}, {what}", shape.name()));
        }
    }

    fn say_line(&self) {
        let line = self.tally.line();
        match self.quiet {
            true => eprint!("{line}"),
            false => output::print(&line),
        }
    }
}

fn is_passing(problem: &Problem) -> bool {
    matches!(problem.code, Code::StoreUnavailable | Code::Overloaded)
}
