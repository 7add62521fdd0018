//! Which compiler builds for wasm32. The first that is there, in this order:
//!
//! 1. the standard library for wasm32 beside the rustc in use (`rustup target add`);
//! 2. Debian's `rustc-web` with `rust-web-src`: it brings its own sources, so Cargo can build the
//!    standard library for it. The linker is the one that rustup's toolchain carries.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler. Named in full: `rustc` on PATH is usually rustup's.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

const BOTH_WAYS: &str = "no Rust standard library for wasm32 here. Either\n  \
     rustup target add wasm32-unknown-unknown\nor, on Debian,\n  \
     apt-get install --no-install-recommends rustc-web rust-web-src";

pub enum Route {
    Installed {
        version: String,
    },
    DebianSource {
        version: String,
        rustc: PathBuf,
        linker: PathBuf,
    },
}

impl Route {
    pub fn words(&self) -> &'static str {
        match self {
            Route::Installed { .. } => "installed target",
            Route::DebianSource { .. } => "Debian's rustc-web, standard library from source",
        }
    }

    /// Changes whenever another compiler would write the bundle.
    pub fn version(&self) -> &str {
        match self {
            Route::Installed { version } | Route::DebianSource { version, .. } => version,
        }
    }
}

pub fn choose() -> Result<Route> {
    let rustc = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    let libdir = ask(&rustc, &["--print", "target-libdir", "--target", TARGET])?;
    if has_entries(Path::new(&libdir)) {
        return Ok(Route::Installed {
            version: ask(&rustc, &["-vV"])?,
        });
    }
    let debian = PathBuf::from(DEBIAN_RUSTC);
    if !debian.exists() {
        bail!(BOTH_WAYS);
    }
    let sources =
        Path::new(&ask(&debian, &["--print", "sysroot"])?).join("lib/rustlib/src/rust/library/std");
    if !sources.exists() {
        bail!(BOTH_WAYS);
    }
    Ok(Route::DebianSource {
        version: ask(&debian, &["-vV"])?,
        linker: linker(&rustc)?,
        rustc: debian,
    })
}

/// rustup's own rust-lld: Debian's packages name one that they do not bring.
fn linker(rustc: &Path) -> Result<PathBuf> {
    let version = ask(rustc, &["-vV"])?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc -vV names no host")?;
    let linker = Path::new(&ask(rustc, &["--print", "sysroot"])?)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    ensure!(
        linker.exists(),
        "{} is missing: install Rust by rustup, whose toolchain carries the linker for wasm32",
        linker.display()
    );
    Ok(linker)
}

fn ask(rustc: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new(rustc)
        .args(words)
        .output()
        .with_context(|| format!("{} did not start", rustc.display()))?;
    ensure!(
        output.status.success(),
        "{} {}: {}",
        rustc.display(),
        words.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn has_entries(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
