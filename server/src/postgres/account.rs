//! Who Postgres runs as: never root.

use std::os::unix::fs::MetadataExt;

use tokio::process::Command;
use waybill_model::problem::{Code, Problem};

/// System users that may run it, in order.
const CANDIDATES: [&str; 2] = ["postgres", "waybill"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// The user who runs Waybill.
    Own,
    Other {
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl Account {
    pub fn find() -> Result<Self, Problem> {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        if !is_root {
            return Ok(Self::Own);
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        CANDIDATES
            .iter()
            .find_map(|name| parse(&users, name))
            .ok_or_else(|| {
                Problem::new(
                    Code::PostgresMissing,
                    "Postgres refuses to run as root, and there is no user `postgres` or `waybill`",
                    "Add one (useradd --system --shell /usr/sbin/nologin waybill), run Waybill as \
                     an ordinary user, or name a running server in database.url.",
                )
            })
    }

    pub fn is_other(&self) -> bool {
        matches!(self, Self::Other { .. })
    }

    /// User and group, when they are not our own.
    pub fn ids(&self) -> Option<(u32, u32)> {
        match self {
            Self::Own => None,
            Self::Other { uid, gid, .. } => Some((*uid, *gid)),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Own => "who runs Waybill",
            Self::Other { name, .. } => name,
        }
    }

    /// A command run as this user, in a process group of its own: a Ctrl-C on the terminal is
    /// Waybill's to handle. Dropping root also drops its groups.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .current_dir("/")
            .process_group(0);
        if let Some((uid, gid)) = self.ids() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn parse(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let user = fields.next().filter(|user| *user == name)?;
        let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account::Other {
            name: user.to_owned(),
            uid,
            gid,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        let found = parse(users, "postgres").unwrap();
        assert_eq!(found.ids(), Some((101, 104)));
        assert_eq!(parse(users, "root"), None);
        assert_eq!(parse(users, "waybill"), None);
    }
}
