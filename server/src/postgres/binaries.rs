//! Finds the programs of a Postgres server: the configured folder, then PATH, then where
//! distributions put them; the newest that fits.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use waybill_model::problem::{Code, Problem};

/// The oldest major version that the store's SQL is written for.
pub const OLDEST_MAJOR: u32 = 14;

const DISTRIBUTION_FOLDER: &str = "/usr/lib/postgresql";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub dir: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// `wanted_major`: that of an existing data directory, which no other can open.
    pub fn find(configured: Option<&Path>, wanted_major: Option<u32>) -> Result<Self, Problem> {
        let found = match configured {
            Some(dir) => Self::in_dir(dir).into_iter().collect(),
            None => Self::installed(std::env::var_os("PATH").as_deref()),
        };
        choose(found, wanted_major).map_err(|what| match what {
            Unfit::None => Problem::new(
                Code::PostgresMissing,
                match configured {
                    Some(dir) => format!("no Postgres server programs in {}", dir.display()),
                    None => "no Postgres server programs were found".to_owned(),
                },
                format!(
                    "Install Postgres {OLDEST_MAJOR} or newer (on Debian: apt-get install \
                     postgresql), name their folder in database.bin_dir, or name a running \
                     server in database.url."
                ),
            ),
            Unfit::TooOld(major) => Problem::new(
                Code::PostgresMissing,
                format!("Postgres {major} was found, which is older than {OLDEST_MAJOR}"),
                "Install a newer one, or name its folder in database.bin_dir.",
            ),
            Unfit::OtherMajor { wanted, found } => Problem::new(
                Code::DatabaseVersion,
                format!("the data directory belongs to Postgres {wanted}; found: {found:?}"),
                format!(
                    "Install Postgres {wanted} again, or name its folder in database.bin_dir, \
                     or upgrade the data directory with pg_upgrade."
                ),
            ),
        })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn installed(path: Option<&OsStr>) -> Vec<Self> {
        let versioned = std::fs::read_dir(DISTRIBUTION_FOLDER)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")));
        std::env::split_paths(path.unwrap_or_default())
            .chain(versioned)
            .filter_map(|dir| Self::in_dir(&dir))
            .collect()
    }

    fn in_dir(dir: &Path) -> Option<Self> {
        let all = ["initdb", "pg_ctl", "postgres"];
        if !all.iter().all(|name| dir.join(name).is_file()) {
            return None;
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self {
            dir: dir.to_owned(),
            major,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Unfit {
    None,
    TooOld(u32),
    OtherMajor { wanted: u32, found: Vec<u32> },
}

fn choose(found: Vec<Binaries>, wanted_major: Option<u32>) -> Result<Binaries, Unfit> {
    let majors: Vec<u32> = found.iter().map(|one| one.major).collect();
    let Some(newest) = majors.iter().copied().max() else {
        return Err(Unfit::None);
    };
    let major = wanted_major.unwrap_or(newest);
    if major < OLDEST_MAJOR {
        return Err(Unfit::TooOld(major));
    }
    found
        .into_iter()
        .find(|one| one.major == major)
        .ok_or(Unfit::OtherMajor {
            wanted: major,
            found: majors,
        })
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15; `18beta1` is 18.
fn parse_major(text: &str) -> Option<u32> {
    let version = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(majors: &[u32]) -> Vec<Binaries> {
        majors
            .iter()
            .map(|major| Binaries {
                dir: format!("/{major}").into(),
                major: *major,
            })
            .collect()
    }

    #[test]
    fn versions_are_read() {
        for (text, major) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres", None),
        ] {
            assert_eq!(parse_major(text), major, "{text}");
        }
    }

    #[test]
    fn the_newest_that_fits() {
        assert_eq!(choose(of(&[15, 17, 16]), None).unwrap().major, 17);
        assert_eq!(choose(of(&[15, 17]), Some(15)).unwrap().major, 15);
        assert_eq!(choose(of(&[]), None), Err(Unfit::None));
        assert_eq!(choose(of(&[13]), None), Err(Unfit::TooOld(13)));
        let other = Unfit::OtherMajor {
            wanted: 15,
            found: vec![17],
        };
        assert_eq!(choose(of(&[17]), Some(15)), Err(other));
    }
}
