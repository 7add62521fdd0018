//! What became of a page, for the status line of the answer. The server provides one in the
//! context of each request and reads it when the page is rendered; only it knows HTTP's numbers.

use std::sync::{Arc, Mutex, PoisonError};

use waybill_model::problem::Code;

#[derive(Clone, Debug, Default)]
pub struct PageOutcome(Arc<Mutex<Option<Code>>>);

impl PageOutcome {
    /// The first problem stays: what follows is often caused by it.
    pub fn set(&self, code: Code) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(code);
    }

    /// `None`: all went well.
    pub fn code(&self) -> Option<Code> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the request being answered, if there is one.
    pub fn tell(code: Code) {
        if let Some(outcome) = leptos::prelude::use_context::<Self>() {
            outcome.set(code);
        }
    }
}
