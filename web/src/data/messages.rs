use leptos::prelude::*;
use waybill_model::stored::{StoredPage, StoredQuery};

use super::packed::{Answer, Read};
use crate::routes::link::encode;

/// Stored messages of a destination, read from its broker.
#[server(prefix = "/fn", endpoint = "messages")]
pub async fn messages(id: String, #[server(default)] query: StoredQuery) -> Answer {
    super::fault::answer(super::port().messages(id, query).await)
}

/// Asked again when the address changes, and by no event: each reading costs its broker something.
pub fn read_messages(asked: Memo<(String, StoredQuery)>) -> Read<StoredPage> {
    Read::new(
        move || asked.with(|(id, query)| href(id, query, query.cursor.as_deref())),
        move || {
            let (id, query) = asked.get_untracked();
            messages(id, query)
        },
    )
}

/// The address of the same question, further on.
pub fn href(id: &str, query: &StoredQuery, cursor: Option<&str>) -> String {
    address("", id, query, cursor)
}

/// The stream of what arrives; where reading began does not matter to it.
pub fn tail_address(id: &str, query: &StoredQuery) -> String {
    let narrowed = StoredQuery {
        key: query.key.clone(),
        partition: query.partition.clone(),
        filter: query.filter.clone(),
        ..StoredQuery::default()
    };
    address("tail", id, &narrowed, None)
}

fn address(tail: &str, id: &str, query: &StoredQuery, cursor: Option<&str>) -> String {
    let fields = [
        ("from", query.from.as_deref()),
        ("offset", query.offset.as_deref()),
        ("time", query.time.as_deref()),
        ("key", query.key.as_deref()),
        ("partition", query.partition.as_deref()),
        ("filter", query.filter.as_deref()),
        ("limit", query.limit.as_deref()),
        ("cursor", cursor),
    ];
    let id = encode(id);
    let mut address = match tail {
        "" => format!("/destinations/{id}/messages?"),
        tail => format!("/api/v1/destinations/{id}/messages/{tail}?"),
    };
    for (name, value) in fields {
        if let Some(value) = value {
            address.push_str(&format!("{name}={}&", encode(value)));
        }
    }
    address.pop();
    address
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_was_asked() {
        let query = StoredQuery {
            from: Some("offset".into()),
            offset: Some("42".into()),
            filter: Some("value.a == \"&\"".into()),
            ..StoredQuery::default()
        };
        assert_eq!(
            href("d-1", &query, Some("f!0.43")),
            "/destinations/d-1/messages?from=offset&offset=42&filter=value.a%20%3D%3D%20%22%26%22&cursor=f%210.43"
        );
        assert_eq!(
            href("d-1", &StoredQuery::default(), None),
            "/destinations/d-1/messages"
        );
        assert_eq!(
            tail_address("d-1", &query),
            "/api/v1/destinations/d-1/messages/tail?filter=value.a%20%3D%3D%20%22%26%22"
        );
    }
}
