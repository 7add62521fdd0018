//! The bytes that all requests together may hold: while a body is read, decoded, and until its
//! commit. Whoever would exceed it is refused at once, so memory is bounded and the sender knows.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;

/// Permits are counted in units of this many bytes.
const UNIT: usize = 1 << 10;

#[derive(Clone, Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    total_bytes: usize,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            total_bytes: units * UNIT,
        }
    }

    pub fn hold_nothing(&self) -> Held {
        Held {
            budget: self.clone(),
            permit: None,
        }
    }

    pub fn held_bytes(&self) -> usize {
        self.total_bytes - self.units.available_permits() * UNIT
    }
}

impl Held {
    /// An empty share of the same budget.
    pub fn nothing_of(other: &Self) -> Self {
        other.budget.hold_nothing()
    }

    pub fn bytes(&self) -> usize {
        self.permit.as_ref().map_or(0, |p| p.num_permits()) * UNIT
    }

    /// Makes the share at least `bytes`; the sizes asked for grow, they never shrink.
    pub fn at_least(&mut self, bytes: usize) -> Result<(), Refusal> {
        let missing = bytes.saturating_sub(self.bytes()).div_ceil(UNIT);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Refusal::overloaded())?;
        let more = self
            .budget
            .units
            .clone()
            .try_acquire_many_owned(missing)
            .map_err(|_| Refusal::overloaded())?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let budget = Budget::new(10 << 10);
        let mut one = budget.hold_nothing();
        one.at_least(6_000).unwrap();
        one.at_least(5_000).unwrap();
        assert_eq!(budget.held_bytes(), 6 << 10);
        let mut two = budget.hold_nothing();
        assert!(two.at_least(5 << 10).is_err());
        drop(one);
        two.at_least(10 << 10).unwrap();
        drop(two);
        assert_eq!(budget.held_bytes(), 0);
    }
}
