//! The one guard below every transport. What is about to become bytes for a broker passes here, or
//! is not sent: whatever asked for it, whatever the types above said.
//!
//! Only what reads passes. `actions = "off"` needs no setting here: there is no other pass, and a
//! facet that acts will need one of its own, given by the level of its cluster.

use crate::adapter::{Reason, Refused};

/// One request in its transport's words, about to be sent.
pub(crate) trait Outgoing {
    /// As the broker's documents name it, such as `Metadata 13` or `GET /api/queues`; never with a
    /// secret.
    fn named(&self) -> String;

    /// Whether a broker that carries it out is left as it was: nothing written, committed, joined,
    /// declared, taken or requeued. Asked of the very request, not of its kind.
    fn reads_only(&self) -> bool;
}

/// A request that was let through. Only [`pass`] makes one, and transports send nothing else.
pub(crate) struct Passed<T>(T);

impl<T> Passed<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// # Errors
/// The request would change the broker. It is a fault of ours, told as such and not sent.
pub(crate) fn pass<T: Outgoing>(request: T) -> Result<Passed<T>, Refused> {
    if request.reads_only() {
        return Ok(Passed(request));
    }
    Err(Refused {
        reason: Reason::Forbidden,
        detail: format!(
            "{} was not sent: it is not among the requests that only read",
            request.named()
        ),
        hint: "This is a fault of Waybill; please report it.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said(&'static str);

    impl Outgoing for Said {
        fn named(&self) -> String {
            self.0.to_owned()
        }

        fn reads_only(&self) -> bool {
            self.0.starts_with("GET")
        }
    }

    #[test]
    fn what_reads_passes_and_nothing_else() {
        assert!(matches!(
            pass(Said("GET /")).map(|p| p.into_inner().0),
            Ok("GET /")
        ));
        let Err(refused) = pass(Said("DELETE /everything")) else {
            panic!("it passed")
        };
        assert_eq!(refused.reason, Reason::Forbidden);
        assert!(
            refused
                .detail
                .starts_with("DELETE /everything was not sent")
        );
    }
}
