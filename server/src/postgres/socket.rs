//! A folder for the socket: short, because socket paths end at 107 bytes, and not in anybody
//! else's hands.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use waybill_model::problem::Problem;

use super::account::Account;
use super::layout::{make_dir, unusable};

/// Made new or found as ours; 0711, so that who knows the password gets in from another account.
pub fn make(data_dir: &Path, account: &Account) -> Result<PathBuf, Problem> {
    let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    let name = hex::encode(&digest[..4]);
    let own = uid_of("/proc/self");
    let owner = account.ids().map_or(own, |(uid, _)| uid);
    let mut folder = if own == 0 {
        make_dir(Path::new("/run/waybill"), 0o711)?;
        PathBuf::from(format!("/run/waybill/{name}"))
    } else {
        PathBuf::from(format!("/tmp/waybill-{own}-{name}"))
    };
    if let Ok(found) = std::fs::symlink_metadata(&folder)
        && (!found.is_dir() || (found.uid() != owner && found.uid() != own))
    {
        // Somebody put it there: /tmp is everybody's.
        folder = PathBuf::from(format!("/tmp/waybill-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|error| unusable(&folder, &error))?;
    }
    make_dir(&folder, 0o711)?;
    if let Some((uid, gid)) = account.ids() {
        chown(&folder, Some(uid), Some(gid)).map_err(|error| unusable(&folder, &error))?;
    }
    Ok(folder)
}

fn uid_of(path: &str) -> u32 {
    std::fs::metadata(path).map_or(u32::MAX, |meta| meta.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_short_and_stays() {
        let one = make(
            Path::new("/a/very/long/path/that/nobody/would/type"),
            &Account::Own,
        )
        .unwrap();
        let again = make(
            Path::new("/a/very/long/path/that/nobody/would/type"),
            &Account::Own,
        )
        .unwrap();
        assert_eq!(one, again);
        assert!(super::super::postmaster::socket_in(&one).as_os_str().len() < 60);
        std::fs::remove_dir(one).unwrap();
    }
}
