//! What a user may not see, and the commands that allow the least.
//!
//! Lists show a virtual host's queues to whoever has any permission there, be it for no name at all
//! (`^$`); nodes, and other users' connections, to whoever has the tag monitoring.
//! Source: RabbitMQ's management guide, "Permissions", and 3.10.8 as it answers.

use std::collections::BTreeSet;

use super::answers::{Exchange, Vhost, Whoami};
use super::settings::VhostFilter;
use crate::adapter::MissingRight;

const SEES_ALL: [&str; 2] = ["monitoring", "administrator"];

/// For a user that the management API does not let in.
pub(super) fn without_any_tag(user: &str) -> MissingRight {
    tag(user, &[], "everything that the broker tells")
}

pub(super) fn missing(
    user: &str,
    whoami: &Whoami,
    vhosts: &[Vhost],
    exchanges: &[Exchange],
    filter: &VhostFilter,
) -> Vec<MissingRight> {
    let mut rights = Vec::new();
    let sees_all = sees_all(whoami);
    if !sees_all {
        rights.push(tag(
            user,
            &whoami.tags,
            "nodes with memory, disk, alarms and partitions; other users' consumers and connections; virtual hosts without access",
        ));
    }
    // Who sees all virtual hosts does not see one that was named only if it does not exist.
    let named = filter.named().filter(|_| !sees_all);
    let mut wanted: BTreeSet<&str> = closed(vhosts, exchanges, filter).collect();
    wanted.extend(named.filter(|name| {
        vhosts
            .iter()
            .all(|vhost| vhost.name.as_deref() != Some(name))
    }));
    rights.extend(wanted.into_iter().map(|vhost| access(user, vhost)));
    rights
}

/// Nodes, and everybody's connections.
pub(super) fn sees_all(whoami: &Whoami) -> bool {
    let mut tags = whoami.tags.iter();
    tags.any(|tag| SEES_ALL.contains(&tag.as_str()))
}

/// Virtual hosts that are told and show nothing: each has exchanges from its beginning.
pub(super) fn closed<'a>(
    vhosts: &'a [Vhost],
    exchanges: &'a [Exchange],
    filter: &'a VhostFilter,
) -> impl Iterator<Item = &'a str> {
    let open: BTreeSet<&str> = exchanges
        .iter()
        .filter_map(|e| e.vhost.as_deref())
        .collect();
    vhosts
        .iter()
        .filter_map(|vhost| vhost.name.as_deref())
        .filter(move |vhost| filter.takes(vhost) && !open.contains(vhost))
}

fn tag(user: &str, tags: &[String], blank: &str) -> MissingRight {
    // The command replaces all tags.
    let kept = tags.iter().filter(|tag| *tag != "management");
    let tags: Vec<String> = kept.map(|tag| quoted(tag)).collect();
    let before = tags.iter().map(|tag| format!(" {tag}")).collect::<String>();
    MissingRight {
        right: "the tag monitoring".to_owned(),
        blank: blank.to_owned(),
        grant: format!(
            "rabbitmqctl set_user_tags {}{before} monitoring",
            quoted(user)
        ),
    }
}

pub(super) fn access(user: &str, vhost: &str) -> MissingRight {
    MissingRight {
        right: format!("access to the virtual host {}", quoted(vhost)),
        blank: "its exchanges, queues, bindings, policies and consumers".to_owned(),
        grant: format!(
            "rabbitmqctl set_permissions -p {} {} '^$' '^$' '^$'",
            quoted(vhost),
            quoted(user)
        ),
    }
}

/// As bash reads it back, and without a character that a terminal would obey.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./@:-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    quoted.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::settings::RabbitSettings;
    use super::*;

    fn filter(patterns: &[&str]) -> VhostFilter {
        let settings = json!({"vhosts": patterns});
        let table = settings.as_object().unwrap();
        RabbitSettings::read("c", table).unwrap().vhosts
    }

    fn grants(tags: &[&str], vhosts: &[&str], open: &[&str], patterns: &[&str]) -> Vec<String> {
        let whoami = Whoami {
            name: None,
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        };
        let vhosts: Vec<Vhost> = vhosts
            .iter()
            .map(|name| serde_json::from_value(json!({"name": name})).unwrap())
            .collect();
        let exchanges: Vec<Exchange> = open
            .iter()
            .map(|vhost| {
                serde_json::from_value(json!({"name": "amq.topic", "vhost": vhost})).unwrap()
            })
            .collect();
        let rights = missing("way bill", &whoami, &vhosts, &exchanges, &filter(patterns));
        rights.into_iter().map(|right| right.grant).collect()
    }

    #[test]
    fn the_commands_grant_the_least() {
        assert!(grants(&["monitoring"], &["/"], &["/"], &[]).is_empty());
        assert_eq!(
            grants(&["management", "policymaker"], &["/", "it's"], &["/"], &[]),
            [
                "rabbitmqctl set_user_tags 'way bill' policymaker monitoring",
                r"rabbitmqctl set_permissions -p 'it'\''s' 'way bill' '^$' '^$' '^$'",
            ]
        );
        // Closed ones that nobody wants to look at are no gap.
        assert!(
            grants(
                &["monitoring"],
                &["/", "other"],
                &["/"],
                &["/", "shop", "b*"]
            )
            .is_empty()
        );
        // Without the tag, a closed one is not even told.
        assert_eq!(
            grants(&["management"], &["/"], &["/"], &["/", "shop", "b*"])[1..],
            ["rabbitmqctl set_permissions -p shop 'way bill' '^$' '^$' '^$'"]
        );
    }

    #[test]
    fn hostile_names_cannot_leave_their_quotes() {
        assert_eq!(quoted("a;rm -rf"), "'a;rm -rf'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}[2J'\\"), r"$'a\x1b[2J\'\\'");
        assert_eq!(quoted("\u{85}"), r"$'\xc2\x85'");
    }
}
