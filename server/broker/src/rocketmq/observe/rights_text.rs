//! Commands of RocketMQ's own tool that grant the least. They are made to be pasted into a shell, and
//! the names in them come from a broker: each is quoted, and none that could break out is written.

use crate::adapter::MissingRight;
use crate::rocketmq::client::Client;

/// More than this and a person would rather grant a pattern.
const MOST_NAMES: usize = 20;

/// Who is to be given it, and where.
pub(super) struct Grant {
    namesrv: String,
    subject: String,
}

impl Grant {
    pub(super) fn new(client: &Client) -> Self {
        let user = client.user().unwrap_or("<the user of access_key>");
        let namesrv: Vec<&str> = client.namesrv.iter().map(|t| t.address.as_str()).collect();
        Self {
            namesrv: namesrv.join(";"),
            subject: format!("User:{user}"),
        }
    }

    /// `names` of one `kind`, such as `Topic`.
    pub(super) fn missing(
        &self,
        cluster: &str,
        right: &str,
        actions: &str,
        (kind, names): (&str, &[&str]),
        blank: &str,
    ) -> MissingRight {
        let writable: Vec<String> = names
            .iter()
            .filter(|name| is_writable(name))
            .map(|name| format!("{kind}:{name}"))
            .collect();
        let resources = match writable.is_empty() || names.len() > MOST_NAMES {
            true => format!("{kind}:*"),
            false => writable.join(","),
        };
        MissingRight {
            right: right.to_owned(),
            blank: blank.to_owned(),
            grant: format!(
                "mqadmin updateAcl -n {} -c {} -s {} -r {} -a {actions} -d Allow",
                quoted(&self.namesrv),
                quoted(cluster),
                quoted(&self.subject),
                quoted(&resources),
            ),
        }
    }
}

/// A comma would make two of it, and a control character could end the command.
fn is_writable(name: &str) -> bool {
    !name.is_empty() && !name.contains([',', ':']) && !name.chars().any(char::is_control)
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
            namesrv: "one:9876;two:9876".into(),
            subject: "User:o'brien".into(),
        }
    }

    #[test]
    fn a_right_has_its_command() {
        let right = grant().missing(
            "lab",
            "Get on Topic",
            "Get",
            ("Topic", &["a", "%RETRY%b"]),
            "ends",
        );
        assert_eq!(right.right, "Get on Topic");
        assert_eq!(
            right.grant,
            "mqadmin updateAcl -n 'one:9876;two:9876' -c 'lab' -s 'User:o'\\''brien' \
             -r 'Topic:a,Topic:%RETRY%b' -a Get -d Allow"
        );
        assert!(
            grant()
                .missing("lab", "", "Get", ("Group", &["*"]), "")
                .grant
                .contains("'Group:*'")
        );
    }

    #[test]
    fn hostile_names_stay_one_word() {
        let hostile = ["a'; rm -rf ~; '", "$(id)", "b\nreboot\n", "c,Cluster:*", ""];
        let right = grant().missing("lab", "", "Get", ("Group", &hostile), "");
        assert!(
            right
                .grant
                .contains("-r 'Group:a'\\''; rm -rf ~; '\\'',Group:$(id)' -a Get"),
            "{}",
            right.grant
        );
        let many = vec!["x"; 21];
        assert!(
            grant()
                .missing("lab", "", "Get", ("Topic", &many), "")
                .grant
                .contains("'Topic:*'")
        );
    }
}
