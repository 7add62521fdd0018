//! From the crate to wasm, and from wasm to what a browser imports.

use super::route::{Route, TARGET};
use super::workspace::{Workspace, cargo};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROFILE: &str = "wasm-release";

pub struct Glued {
    pub js: String,
    pub wasm: Vec<u8>,
}

/// Builds the crate as a cdylib. The crate itself is an rlib: asking for the kind here keeps the
/// server's builds from linking a library that nobody loads.
pub fn wasm(workspace: &Workspace, route: &Route) -> Result<PathBuf> {
    let mut build = Command::new(cargo());
    build
        .args(["rustc", "--locked", "--package", "waybill-web", "--lib"])
        .args(["--crate-type", "cdylib", "--target", TARGET])
        .args(["--profile", PROFILE])
        .args(["--no-default-features", "--features", "hydrate"])
        .arg("--target-dir")
        .arg(&workspace.wasm_target)
        .current_dir(&workspace.root);
    // Flags and wrappers meant for the host would change the fingerprint, or break the build.
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        build.env_remove(name);
    }
    if let Route::DebianSource { rustc, linker, .. } = route {
        build
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    let status = build.status().context("cargo did not start")?;
    ensure!(status.success(), "the wasm build failed ({status})");
    Ok(workspace
        .wasm_target
        .join(TARGET)
        .join(PROFILE)
        .join("waybill_web.wasm"))
}

/// wasm-bindgen as a library, so that its version is the lock file's.
pub fn glue(wasm: &Path) -> Result<Glued> {
    let mut output = wasm_bindgen_cli_support::Bindgen::new()
        .input_path(wasm)
        .out_name("web")
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The page names the hashed wasm file itself.
        .omit_default_module_path(true)
        .generate_output()?;
    // Every crate that may bring some has an entry, mostly an empty one.
    ensure!(
        output.snippets().values().all(Vec::is_empty) && output.local_modules().is_empty(),
        "a dependency brings JavaScript files of its own; the console serves one script only"
    );
    Ok(Glued {
        js: output.js().to_owned(),
        wasm: output.wasm_mut().emit_wasm(),
    })
}
