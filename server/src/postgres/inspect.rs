//! What there is, without changing anything: for `waybill check`.

use std::path::PathBuf;

use waybill_model::problem::{Code, Problem};

use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;
use super::{Address, running};
use crate::config::Config;

#[derive(Debug)]
pub struct Inspection {
    /// Folder and major version of the programs that would run it.
    pub programs: Result<(PathBuf, u32), Problem>,
    pub data_dir: Result<DataDir, Problem>,
    /// `Err`: a server holds the data directory, but its Postgres does not run.
    pub running: Result<Option<Address>, Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataDir {
    /// The first start makes it.
    Missing,
    Present {
        major: u32,
    },
}

pub fn inspect(config: &Config) -> Inspection {
    let layout = Layout::new(&config.data_dir);
    Inspection {
        programs: Binaries::find(config.database.bin_dir.as_deref(), layout.major())
            .map(|found| (found.dir, found.major)),
        data_dir: data_dir(&layout),
        running: running(config),
    }
}

fn data_dir(layout: &Layout) -> Result<DataDir, Problem> {
    let account = Account::find()?;
    let root = layout.root();
    let existing = root
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(root);
    if !existing.is_dir() {
        return Err(Problem::new(
            Code::DataDirectory,
            format!("{} is not a folder", existing.display()),
            "Move the file, or name another folder with data_dir.",
        ));
    }
    Layout::new(existing).check_reachable(&account)?;
    Ok(match layout.major() {
        Some(major) => DataDir::Present { major },
        None => DataDir::Missing,
    })
}
