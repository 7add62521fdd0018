//! Commands of Kafka's own tool that grant the least. They are made to be pasted into a shell, and
//! the names in them come from a broker: each is quoted, and none that could break out is written.

use crate::adapter::MissingRight;
use crate::kafka::client::Client;

/// More than this and a person would rather grant a pattern.
const MOST_NAMES: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) enum Resource<'a> {
    Cluster,
    AllTopics,
    Topics(Vec<&'a str>),
    AllGroups,
    Groups(Vec<&'a str>),
}

/// Who is to be given it, and where.
pub(in crate::kafka) struct Grant {
    bootstrap: String,
    principal: String,
}

impl Grant {
    pub(in crate::kafka) fn new(client: &Client) -> Self {
        let user = client
            .user()
            .unwrap_or("<the name that the broker has for this client>");
        Self {
            bootstrap: client.bootstrap.first().cloned().unwrap_or_default(),
            principal: format!("User:{user}"),
        }
    }

    pub(in crate::kafka) fn missing(
        &self,
        operation: &str,
        resource: Resource<'_>,
        blank: &str,
    ) -> MissingRight {
        let kind = match resource {
            Resource::Cluster => "Cluster",
            Resource::AllTopics | Resource::Topics(_) => "Topic",
            Resource::AllGroups | Resource::Groups(_) => "Group",
        };
        MissingRight {
            right: format!("{operation} on {kind}"),
            blank: blank.to_owned(),
            grant: format!(
                "kafka-acls.sh --bootstrap-server {} --add --allow-principal {} --operation {operation} {}",
                quoted(&self.bootstrap),
                quoted(&self.principal),
                arguments(&resource),
            ),
        }
    }
}

fn arguments(resource: &Resource<'_>) -> String {
    match resource {
        Resource::Cluster => "--cluster".into(),
        Resource::AllTopics => "--topic '*'".into(),
        Resource::AllGroups => "--group '*'".into(),
        Resource::Topics(names) => named("--topic", names),
        Resource::Groups(names) => named("--group", names),
    }
}

fn named(option: &str, names: &[&str]) -> String {
    let writable: Vec<&&str> = names.iter().filter(|name| is_writable(name)).collect();
    if writable.is_empty() || names.len() > MOST_NAMES {
        return format!("{option} '*'");
    }
    let written: Vec<String> = writable
        .iter()
        .map(|name| format!("{option} {}", quoted(name)))
        .collect();
    written.join(" ")
}

/// A control character could be a newline that ends the command, or an escape of the terminal; a
/// name that begins with a dash would be read as an option, and `*` as everything.
fn is_writable(name: &str) -> bool {
    !name.is_empty() && name != "*" && !name.starts_with('-') && !name.chars().any(char::is_control)
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", clean.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            bootstrap: "one:9092".into(),
            principal: "User:o'brien".into(),
        }
    }

    #[test]
    fn a_right_has_its_command() {
        let right = grant().missing("Describe", Resource::Cluster, "sizes");
        assert_eq!(right.right, "Describe on Cluster");
        assert_eq!(
            right.grant,
            "kafka-acls.sh --bootstrap-server 'one:9092' --add --allow-principal 'User:o'\\''brien' \
             --operation Describe --cluster"
        );
        let right = grant().missing("DescribeConfigs", Resource::Topics(vec!["a", "b.c"]), "");
        assert!(
            right
                .grant
                .ends_with("--operation DescribeConfigs --topic 'a' --topic 'b.c'")
        );
        assert_eq!(right.right, "DescribeConfigs on Topic");
    }

    #[test]
    fn hostile_names_stay_one_word() {
        let hostile = [
            "a'; rm -rf ~; '",
            "$(id)",
            "b\nreboot\n",
            "--remove",
            "*",
            "",
        ];
        let right = grant().missing("Describe", Resource::Groups(hostile.to_vec()), "");
        let end = "--operation Describe --group 'a'\\''; rm -rf ~; '\\''' --group '$(id)'";
        assert!(right.grant.ends_with(end), "{}", right.grant);
    }

    #[test]
    fn many_names_are_a_pattern() {
        let names = vec!["x"; 21];
        let right = grant().missing("Describe", Resource::Groups(names), "");
        assert!(right.grant.ends_with("--group '*'"));
    }
}
