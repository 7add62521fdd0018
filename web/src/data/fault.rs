//! The error of server functions: a problem, carried as JSON.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use waybill_model::problem::{Code, Problem};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
#[error("{0}")]
pub struct Fault(pub Problem);

impl FromServerFnError for Fault {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (code, hint) = match &error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => (
                Code::StoreUnavailable,
                "Is Waybill running? Reload the page to try again.",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                (Code::InvalidRequest, "Check what was entered.")
            }
            _ => (Code::Internal, "Reload the page to try again."),
        };
        Self(Problem::new(code, error.to_string(), hint))
    }
}

/// The answer of a server function that reads.
#[cfg(feature = "ssr")]
pub fn answer<T: Serialize>(result: Result<T, Problem>) -> super::packed::Answer {
    super::packed::Packed::of(&told(result)?)
}

/// Tells the status line of the answer, too.
#[cfg(feature = "ssr")]
pub fn told<T>(result: Result<T, Problem>) -> Result<T, Fault> {
    result.map_err(|problem| {
        super::outcome::PageOutcome::tell(problem.code);
        Fault(problem)
    })
}
