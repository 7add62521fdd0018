//! Which single spans tell that a message is in trouble.

use waybill_model::messaging::{DestinationRole, Facts, Operation};

/// A consumer that failed or gave back, and whatever puts to or reads from a retry or dead-letter
/// destination. Runs for each span that arrives.
pub fn tells_trouble(facts: &Facts) -> bool {
    let consumes = matches!(
        facts.operation,
        Operation::Process | Operation::Receive | Operation::Settle
    );
    (consumes && facts.failed)
        || matches!(
            facts.destination_role,
            DestinationRole::Retry | DestinationRole::DeadLetter
        )
}
