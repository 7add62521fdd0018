//! Every page and every server function with the right that it needs. The server mounts exactly
//! these; `None` means: any signed-in person, or nobody at all for sign-in and setup.

use waybill_model::access::Action;

pub const PAGES: &[(&str, Option<Action>)] = &[
    ("/", Some(Action::TraceRead)),
    ("/search", Some(Action::TraceRead)),
    ("/journeys/{id}", Some(Action::TraceRead)),
    ("/destinations/{id}/messages", Some(Action::MessageMeta)),
    ("/destinations", Some(Action::TraceRead)),
    ("/destinations/{id}", Some(Action::TraceRead)),
    ("/groups", Some(Action::TraceRead)),
    ("/groups/{id}", Some(Action::TraceRead)),
    ("/failures", Some(Action::TraceRead)),
    ("/failures/{id}", Some(Action::TraceRead)),
    ("/clusters", Some(Action::StatusRead)),
    ("/clusters/{id}", Some(Action::StatusRead)),
    ("/clusters/{id}/durability", Some(Action::StatusRead)),
    ("/health", Some(Action::StatusRead)),
    ("/settings", None),
    ("/settings/users", Some(Action::UserAdmin)),
    ("/settings/tokens", None),
    ("/audit", Some(Action::AuditRead)),
    ("/sign-in", None),
    ("/setup/{secret}", None),
];

/// Pages that are shown without a session.
pub const PUBLIC_PAGES: &[&str] = &["/sign-in", "/setup/{secret}"];

pub const FUNCTIONS: &[(&str, Option<Action>)] = &[
    ("/fn/overview", Some(Action::TraceRead)),
    ("/fn/journeys", Some(Action::TraceRead)),
    ("/fn/journey", Some(Action::TraceRead)),
    ("/fn/save_search", Some(Action::TraceRead)),
    ("/fn/remove_search", Some(Action::TraceRead)),
    ("/fn/messages", Some(Action::MessageMeta)),
    ("/fn/destinations", Some(Action::TraceRead)),
    ("/fn/destination", Some(Action::TraceRead)),
    ("/fn/groups", Some(Action::TraceRead)),
    ("/fn/group", Some(Action::TraceRead)),
    ("/fn/failures", Some(Action::TraceRead)),
    ("/fn/failure", Some(Action::TraceRead)),
    ("/fn/change_failure", Some(Action::AlertEdit)),
    ("/fn/mute_failure", Some(Action::AlertEdit)),
    ("/fn/clusters", Some(Action::StatusRead)),
    ("/fn/cluster", Some(Action::StatusRead)),
    ("/fn/durability", Some(Action::StatusRead)),
    ("/fn/status", Some(Action::StatusRead)),
    ("/fn/users", Some(Action::UserAdmin)),
    ("/fn/add_user", Some(Action::UserAdmin)),
    ("/fn/set_role", Some(Action::UserAdmin)),
    ("/fn/reset_password", Some(Action::UserAdmin)),
    ("/fn/remove_user", Some(Action::UserAdmin)),
    ("/fn/tokens", None),
    ("/fn/create_token", None),
    ("/fn/issued_token", None),
    ("/fn/revoke_token", None),
    ("/fn/audit", Some(Action::AuditRead)),
];

/// Addresses of pages; broker strings are percent-encoded here and nowhere else.
pub mod link {
    use waybill_model::destination::DestinationId;

    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

    const PART: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');

    pub fn encode(text: &str) -> String {
        utf8_percent_encode(text, PART).to_string()
    }

    pub fn journey(id: &str) -> String {
        format!("/journeys/{}", encode(id))
    }

    /// The message browser of a destination, by its id.
    pub fn messages(id: &str) -> String {
        format!("/destinations/{}/messages", encode(id))
    }

    /// The page of a destination as spans name it.
    pub fn destination(system: &str, name: &str) -> String {
        destination_id(&DestinationId::of_spans(system, name).to_string())
    }

    pub fn destination_id(id: &str) -> String {
        format!("/destinations/{}", encode(id))
    }

    pub fn group(id: &str) -> String {
        format!("/groups/{}", encode(id))
    }

    /// The page of a kind of failure, by its fingerprint.
    pub fn failure(id: &str) -> String {
        format!("/failures/{}", encode(id))
    }

    pub fn cluster(id: &str) -> String {
        format!("/clusters/{}", encode(id))
    }

    /// What of a cluster can lose messages.
    pub fn durability(id: &str) -> String {
        format!("/clusters/{}/durability", encode(id))
    }

    pub fn find(words: &str) -> String {
        format!("/search?find={}", encode(words))
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn every_server_function_is_listed() {
        let mut found: Vec<_> = server_fn::axum::server_fn_paths()
            .map(|(path, _)| path)
            .collect();
        let mut listed: Vec<_> = FUNCTIONS.iter().map(|(path, _)| *path).collect();
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }

    #[test]
    fn hostile_names_stay_inside_their_part_of_an_address() {
        assert_eq!(
            link::journey("a/../b?c#d\"<"),
            "/journeys/a%2F..%2Fb%3Fc%23d%22%3C"
        );
    }
}
