//! One digest over all that decides the bundle's bytes, so that an unchanged bundle is not rebuilt.

use super::route::Route;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Relative to the checkout. `web/pkg` is the result and left out.
const INPUTS: [&str; 6] = [
    "web",
    "server/model",
    "xtask",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
];

pub fn digest(root: &Path, route: &Route) -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    hash.update(route.version());
    for file in &files {
        let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(file);
        hash.update(name.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hex::encode(hash.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.ends_with("web/pkg") {
        return Ok(());
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_not_an_input() {
        let root = std::env::temp_dir().join(format!("waybill-inputs-{}", std::process::id()));
        std::fs::create_dir_all(root.join("web/pkg")).unwrap();
        std::fs::write(root.join("web/lib.rs"), "pub fn page() {}").unwrap();
        std::fs::write(root.join("web/pkg/web.js"), "old").unwrap();
        let mut files = Vec::new();
        collect(&root.join("web"), &mut files).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(files, [root.join("web/lib.rs")]);
    }
}
