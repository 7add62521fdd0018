//! What runs in this process, and how it is: the one visible list of parts and background tasks.

use std::sync::{Arc, PoisonError, RwLock};

use waybill_model::status::{Component as Line, ComponentState};
use waybill_model::time::Timestamp;

use crate::clock;

#[derive(Clone, Debug, Default)]
pub struct Health {
    parts: Arc<RwLock<Vec<Part>>>,
}

#[derive(Clone, Debug)]
struct Part {
    name: Arc<str>,
    /// Whether the process can do its work without it.
    is_outside: bool,
    state: ComponentState,
    since: Timestamp,
    last_error: Option<String>,
}

impl Health {
    /// Adds a part, as starting.
    pub fn component(&self, name: &str) -> Component {
        self.add(name, false)
    }

    /// Adds something that is watched and is no part of the process: it shows, and readiness does not
    /// ask for it.
    pub fn outside(&self, name: &str) -> Component {
        self.add(name, true)
    }

    fn add(&self, name: &str, is_outside: bool) -> Component {
        let name: Arc<str> = name.into();
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        parts.push(Part {
            name: name.clone(),
            is_outside,
            state: ComponentState::Starting,
            since: clock::now(),
            last_error: None,
        });
        Component {
            health: self.clone(),
            name,
            at: parts.len() - 1,
        }
    }

    /// In order of addition.
    pub fn components(&self) -> Vec<Line> {
        let now = clock::now();
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .map(|part| Line {
                name: part.name.to_string(),
                state: part.state,
                age_ms: now.ms_since(part.since).max(0.0) as u64,
                last_error: part.last_error.clone(),
            })
            .collect()
    }

    /// Why the process cannot take data and show pages; empty when it can.
    pub fn not_ready(&self) -> Vec<String> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .filter(|part| !part.is_outside)
            .filter(|part| matches!(part.state, ComponentState::Starting | ComponentState::Down))
            .map(|part| {
                let state = match part.state {
                    ComponentState::Starting => "is starting",
                    _ => "is down",
                };
                match &part.last_error {
                    Some(error) => format!("{} {state}: {error}", part.name),
                    None => format!("{} {state}", part.name),
                }
            })
            .collect()
    }
}

/// One line of the list, held by what it is about.
#[derive(Clone, Debug)]
pub struct Component {
    health: Health,
    name: Arc<str>,
    at: usize,
}

impl Component {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error stays visible after recovery, until another takes its place.
    pub fn set(&self, state: ComponentState, error: Option<String>) {
        let mut parts = self
            .health
            .parts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let part = &mut parts[self.at];
        if part.state != state {
            part.state = state;
            part.since = clock::now();
        }
        if error.is_some() {
            part.last_error = error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing() {
        let health = Health::default();
        let database = health.component("database");
        let merger = health.component("merger");
        assert_eq!(
            health.not_ready(),
            ["database is starting", "merger is starting"]
        );
        database.set(ComponentState::Ok, None);
        merger.set(ComponentState::Degraded, Some("slow".into()));
        health
            .outside("cluster orders")
            .set(ComponentState::Down, None);
        assert!(health.not_ready().is_empty());
        database.set(ComponentState::Down, Some("gone".into()));
        assert_eq!(health.not_ready(), ["database is down: gone"]);
        database.set(ComponentState::Ok, None);
        assert_eq!(health.components()[0].last_error.as_deref(), Some("gone"));
    }
}
