//! A schema registry, asked by id and remembered. It may be down: that is something to say beside a
//! message, never an error of the page.
//! Source: docs.confluent.io, "Schema Registry API reference".

mod http;
mod resolve;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use waybill_model::problem::Problem;
use waybill_model::stored::SchemaName;

use self::http::Http;
use super::schema::Schema;
use crate::config::SchemaRegistry;

/// Schemas that are remembered; their texts are a MiB each at most.
const SCHEMAS: usize = 256;
/// Bytes of the remembered schemas as they were written, references counted.
const WRITTEN: usize = 16 << 20;
/// How long it is believed that the registry does not know an id, or does not answer.
const UNKNOWN: Duration = Duration::from_secs(60);
const DOWN: Duration = Duration::from_secs(10);
/// Silence for less tells of the caller's hurry, not of the registry.
const SILENCE: Duration = Duration::from_secs(1);

pub struct Registry {
    http: Http,
    memory: Mutex<Memory>,
    /// One asks at a time, so that a page of messages asks for a schema once.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Memory {
    schemas: HashMap<u32, Entry>,
    written: usize,
    /// It did not answer: nothing is asked until then.
    down: Option<(String, Instant)>,
}

enum Entry {
    Known(Arc<Known>, usize),
    Unknown(String, Instant),
}

pub(super) struct Known {
    pub(super) name: SchemaName,
    /// Or what is wrong with it.
    pub(super) schema: Result<Schema, String>,
}

/// Why the registry told nothing.
enum Failure {
    /// Of this id alone.
    Unknown(String),
    /// Of whatever is asked.
    Down(String),
}

impl Registry {
    /// Opens no connection.
    ///
    /// # Errors
    /// `ConfigInvalid` where the file of authorities cannot be read.
    pub fn new(cluster: &str, settings: &SchemaRegistry) -> Result<Self, Problem> {
        Ok(Self {
            http: Http::new(cluster, settings)?,
            memory: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// `None`: nobody has asked for it lately.
    pub(super) fn known(&self, id: u32) -> Option<Result<Arc<Known>, String>> {
        let memory = self.memory();
        let now = Instant::now();
        match (memory.schemas.get(&id), &memory.down) {
            (Some(Entry::Known(known, _)), _) => Some(Ok(known.clone())),
            (Some(Entry::Unknown(why, until)), _) if now < *until => Some(Err(why.clone())),
            (_, Some((why, until))) if now < *until => Some(Err(why.clone())),
            _ => None,
        }
    }

    /// Whatever comes of it is known after; `patience` that is over too soon tells nothing.
    pub(super) async fn learn(&self, id: u32, patience: Duration) {
        let until = tokio::time::Instant::now() + patience;
        let Ok(_turn) = tokio::time::timeout_at(until, self.turn.lock()).await else {
            return;
        };
        if self.known(id).is_some() {
            return;
        }
        let began = Instant::now();
        let asked = tokio::time::timeout_at(until, resolve::schema(&self.http, id)).await;
        let took = began.elapsed();
        // Kept while the turn is held, so that who is next finds it.
        match asked {
            Ok(told) => self.keep(id, told),
            Err(_) if took >= SILENCE => {
                let why = format!(
                    "the schema registry {} gave no answer in {} ms",
                    self.http.place(),
                    took.as_millis()
                );
                self.keep(id, Err(Failure::Down(why)));
            }
            Err(_) => {}
        }
    }

    fn keep(&self, id: u32, told: Result<(Known, usize), Failure>) {
        let mut memory = self.memory();
        let now = Instant::now();
        match told {
            Ok((known, written)) => {
                memory.down = None;
                memory.put(id, Entry::Known(Arc::new(known), written), written);
            }
            Err(Failure::Unknown(why)) => {
                memory.put(id, Entry::Unknown(why, now + UNKNOWN), 0);
            }
            Err(Failure::Down(why)) => memory.down = Some((why, now + DOWN)),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn put(&mut self, id: u32, entry: Entry, written: usize) {
        self.make_room(written);
        self.written += written;
        if let Some(Entry::Known(_, size)) = self.schemas.insert(id, entry) {
            self.written = self.written.saturating_sub(size);
        }
    }

    /// Any may go: it is asked for again.
    fn make_room(&mut self, written: usize) {
        while !self.schemas.is_empty()
            && (self.schemas.len() >= SCHEMAS || self.written + written > WRITTEN)
        {
            let Some(id) = self.schemas.keys().next().copied() else {
                return;
            };
            if let Some(Entry::Known(_, size)) = self.schemas.remove(&id) {
                self.written = self.written.saturating_sub(size);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_counts_no_more() {
        let known = || {
            let name = SchemaName {
                id: 1,
                version: None,
                subject: None,
            };
            let schema = Err("unread".to_owned());
            Entry::Known(Arc::new(Known { name, schema }), 10)
        };
        let mut memory = Memory::default();
        memory.put(1, known(), 10);
        memory.put(1, known(), 10);
        assert_eq!(memory.written, 10);
        memory.put(1, Entry::Unknown("gone".to_owned(), Instant::now()), 0);
        assert_eq!(memory.written, 0);
    }
}
