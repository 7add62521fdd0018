//! Who is asking, and what they may do. Everything is denied that no row of `policy` and no grant
//! allows; screens only hide what this layer refuses.

pub mod address;
pub mod gate;
pub mod headers;
pub mod identity;
mod ingest_tokens;
pub mod origin;
mod password;
pub mod policy;
pub mod secret;
mod sessions;
mod setup;
mod throttle;
mod tokens;
mod users;

use std::sync::{Arc, Mutex};

use waybill_model::access::{Action, Caller, Target};
use waybill_model::problem::{Code, Problem};
use waybill_store::{Store, StoreError};

pub use identity::session_cookie;
pub use origin::origin_of;
pub use password::accept as accept_password;
pub use secret::digest;
pub use sessions::{ABSOLUTE_S, SignInRefused};

use crate::audit::Audit;
use crate::clock;
use ingest_tokens::Seen;
use password::Passwords;
use throttle::Throttle;

/// Sessions, tokens and accounts. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    audit: Audit,
    passwords: Arc<Passwords>,
    throttle: Arc<Mutex<Throttle>>,
    ingest_tokens: Arc<Mutex<Seen>>,
    /// Cookies are `Secure` and `__Host-` exactly when the console is reached by https.
    https: bool,
}

impl Auth {
    /// Hashes one password, so it takes a moment.
    pub fn new(store: Store, audit: Audit, https: bool) -> Result<Self, Problem> {
        Ok(Self {
            store,
            audit,
            passwords: Arc::new(Passwords::new()?),
            throttle: Arc::default(),
            ingest_tokens: Arc::default(),
            https,
        })
    }
}

fn require(caller: &Caller, action: Action) -> Result<(), Problem> {
    if caller.may(action, Target::default(), clock::now()) {
        Ok(())
    } else {
        Err(policy::forbidden(Some(action)))
    }
}

/// Names are shown to other people: short, and nothing in them that turns or hides text.
pub(crate) fn accept_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    let fits = (1..=64).contains(&name.chars().count());
    if fits && crate::audit::one_line(name) == name {
        return Ok(name);
    }
    Err(Problem::new(
        Code::InvalidRequest,
        "This cannot be a name.",
        "name: 1 to 64 characters, all of them visible.",
    ))
}

/// What the store's errors mean to a person; their causes are the log's business.
pub fn store_problem(error: StoreError) -> Problem {
    match &error {
        StoreError::Conflict { reason } => Problem::new(
            Code::Conflict,
            format!("This cannot be done: {reason}."),
            "Read it again and decide anew.",
        ),
        StoreError::Unavailable { .. } => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database does not answer"
            );
            Problem::new(
                Code::StoreUnavailable,
                "The database does not answer.",
                "Try again shortly; GET /readyz says when it is back.",
            )
        }
        StoreError::DatabaseNewer { .. } => Problem::new(
            Code::DatabaseNewer,
            error.to_string(),
            "Start the newer Waybill, or restore a backup from before.",
        ),
        StoreError::Internal { .. } => {
            tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
            Problem::new(
                Code::Internal,
                "Something broke here.",
                "The log of the server says what.",
            )
        }
    }
}
