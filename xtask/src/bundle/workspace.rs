//! Where the checkout and its target folder are.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

pub struct Workspace {
    pub root: PathBuf,
    /// The bundle's own target folder, inside the workspace's.
    pub wasm_target: PathBuf,
}

impl Workspace {
    /// Asks Cargo, which knows about `CARGO_TARGET_DIR` and its configuration files.
    pub fn find() -> Result<Workspace> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("cargo metadata did not start")?;
        ensure!(
            output.status.success(),
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let folder = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("cargo metadata names no {key}"))
        };
        Ok(Workspace {
            root: folder("workspace_root")?,
            wasm_target: folder("target_directory")?.join("wasm"),
        })
    }
}

/// The cargo that runs this job, so that both builds use one toolchain.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
