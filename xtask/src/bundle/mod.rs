//! The bundle: `waybill-web` with `hydrate` for wasm32, and its JavaScript glue. The style sheet is
//! the server's own.
//!
//! Every file's name holds its hash, `.br` and `.gz` lie beside it, and `manifest.json` names the
//! current two. It is a build of its own, in a target folder of its own: built together with the
//! server, Cargo would unify features and `ssr` would leak into the browser.

mod compile;
mod inputs;
mod package;
mod route;
mod workspace;

use anyhow::Result;
use std::time::Instant;

/// What a first visit may download for script and wasm together, brotli, in bytes.
const BUDGET_BYTES: usize = 400_000;

pub fn run() -> Result<()> {
    let started = Instant::now();
    let workspace = workspace::Workspace::find()?;
    let pkg = workspace.root.join("web/pkg");
    let route = route::choose()?;
    let inputs = inputs::digest(&workspace.root, &route)?;
    if package::is_current(&pkg, &inputs) {
        println!("bundle: unchanged, {} is current", pkg.display());
        return Ok(());
    }

    println!(
        "bundle: compiling for wasm32 ({}); about 4 minutes on 2 cores the first time, seconds afterwards",
        route.words()
    );
    let wasm = compile::wasm(&workspace, &route)?;
    let glued = compile::glue(&wasm)?;
    let files = [
        package::File::new("web", "js", glued.js.into_bytes())?,
        package::File::new("web", "wasm", glued.wasm)?,
    ];
    let download = report(&files);
    anyhow::ensure!(
        download <= BUDGET_BYTES,
        "script and wasm are {download} bytes in brotli, over the budget of {BUDGET_BYTES}: \
         see what grew before raising it"
    );
    package::publish(&pkg, &files, &inputs)?;
    println!("bundle: done in {} s", started.elapsed().as_secs());
    Ok(())
}

/// Prints a line a file; gives the brotli bytes of all.
fn report(files: &[package::File]) -> usize {
    for file in files {
        println!(
            "bundle: {:<28} {:>9} bytes  gzip {:>8}  brotli {:>8}",
            file.name,
            file.plain.len(),
            file.gzip.len(),
            file.brotli.len()
        );
    }
    files.iter().map(|file| file.brotli.len()).sum()
}
