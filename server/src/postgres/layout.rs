//! The data directory: what stands where, whose it is, and that only one server uses it.
//!
//! As root: the folder 0711, `keys/` 0700 of root, `postgres/` 0700 of the user that Postgres
//! runs as. Otherwise everything is 0700 of the user who runs Waybill.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use waybill_model::problem::{Code, Problem};

use super::account::Account;
use crate::config::Secret;

#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Where `initdb` works before its result is moved in place.
    pub fn postgres_unfinished(&self) -> PathBuf {
        self.root.join("postgres.new")
    }

    pub fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub fn setup_link(&self) -> PathBuf {
        self.root.join("setup-link")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("waybill.lock")
    }

    fn password_file(&self) -> PathBuf {
        self.root.join("keys").join("postgres-password")
    }

    /// The major version of what is there; `None` before the first start.
    pub fn major(&self) -> Option<u32> {
        std::fs::read_to_string(self.postgres().join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Makes the folders and checks that Postgres can reach its own.
    pub fn prepare(&self, account: &Account) -> Result<(), Problem> {
        let mode = if account.is_other() { 0o711 } else { 0o700 };
        make_dir(&self.root, mode)?;
        make_dir(&self.root.join("keys"), 0o700)?;
        self.check_reachable(account)
    }

    /// Held as long as the answer lives, also across a crash: the kernel releases it.
    pub fn lock(&self) -> Result<Lock, Problem> {
        let path = self.lock_file();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message: the lock itself has already told.
                let _ = file.read_to_string(&mut holder);
                return Err(Problem::new(
                    Code::DataDirectoryInUse,
                    format!(
                        "another Waybill (process {}) runs on {}",
                        holder.trim(),
                        self.root.display()
                    ),
                    "Use the one that runs, stop it, or name another folder with data_dir.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| unusable(&path, &error))?;
        Ok(Lock { _file: file })
    }

    /// Whether a server holds the directory now.
    pub fn is_locked(&self) -> bool {
        File::open(self.lock_file())
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    pub fn read_password(&self) -> Result<Secret, Problem> {
        let path = self.password_file();
        std::fs::read_to_string(&path)
            .map(|text| Secret::new(text.trim_end()))
            .map_err(|error| unusable(&path, &error))
    }

    /// Written before `initdb` uses it, so that no database has a password nobody knows.
    pub fn make_password(&self) -> Result<Secret, Problem> {
        if let Ok(existing) = self.read_password() {
            return Ok(existing);
        }
        let mut random = [0_u8; 24];
        getrandom::fill(&mut random).map_err(|error| {
            Problem::new(
                Code::Internal,
                format!("the system gives no random bytes: {error}"),
                "Check /dev/urandom.",
            )
        })?;
        let password = hex::encode(random);
        write_private(&self.password_file(), &password, None)?;
        Ok(Secret::new(password))
    }

    pub(super) fn check_reachable(&self, account: &Account) -> Result<(), Problem> {
        let Some((uid, gid)) = account.ids() else {
            return Ok(());
        };
        for folder in self.root.ancestors() {
            let meta = std::fs::metadata(folder).map_err(|error| unusable(folder, &error))?;
            let bit = if meta.uid() == uid {
                0o100
            } else if meta.gid() == gid {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Err(Problem::new(
                    Code::DataDirectory,
                    format!(
                        "the user {} cannot pass through {}, where {} lies",
                        account.name(),
                        folder.display(),
                        self.root.display()
                    ),
                    format!(
                        "Name a data_dir outside of it (as root the default is /var/lib/waybill), \
                         or open it: chmod o+x {}",
                        folder.display()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Ends when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// 0600, replaced as a whole.
pub fn write_private(path: &Path, text: &str, owner: Option<(u32, u32)>) -> Result<(), Problem> {
    let fresh = path.with_extension("new");
    let written = || -> std::io::Result<()> {
        let _ = std::fs::remove_file(&fresh);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if let Some((uid, gid)) = owner {
            chown(&fresh, Some(uid), Some(gid))?;
        }
        std::fs::rename(&fresh, path)
    };
    written().map_err(|error| unusable(path, &error))
}

pub fn make_dir(path: &Path, mode: u32) -> Result<(), Problem> {
    let exists = path.is_dir();
    DirBuilder::new()
        .recursive(true)
        .mode(if exists { mode } else { 0o755 })
        .create(path)
        .and_then(|()| std::fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(|error| unusable(path, &error))
}

/// Says which of the usual reasons it is, with its way out.
pub fn unusable(path: &Path, error: &std::io::Error) -> Problem {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "The disk is full: free space, or name a folder on another disk with data_dir."
        }
        ErrorKind::PermissionDenied => {
            "Give the user who runs Waybill the right to write there, or name another folder with \
             data_dir."
        }
        ErrorKind::ReadOnlyFilesystem => {
            "The file system is read-only: name another folder with data_dir."
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "A file stands where a folder is needed: move it, or name another folder with data_dir."
        }
        _ => "Check the folder, or name another with data_dir.",
    };
    Problem::new(
        Code::DataDirectory,
        format!("{} cannot be used: {error}", path.display()),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        assert!(!layout.is_locked());
        let first = layout.lock().unwrap();
        assert!(layout.is_locked());
        let problem = layout.lock().unwrap_err();
        assert_eq!(problem.code, Code::DataDirectoryInUse);
        assert!(problem.message.contains(&std::process::id().to_string()));
        drop(first);
        assert!(layout.lock().is_ok());
    }

    #[test]
    fn the_password_stays() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        make_dir(&dir.path().join("keys"), 0o700).unwrap();
        let password = layout.make_password().unwrap();
        assert_eq!(layout.make_password().unwrap(), password);
        let mode = std::fs::metadata(layout.password_file()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        std::fs::write(&path, "").unwrap();
        let problem = make_dir(&path, 0o700).unwrap_err();
        assert_eq!(problem.code, Code::DataDirectory);
        assert!(problem.message.contains("data"));
    }
}
