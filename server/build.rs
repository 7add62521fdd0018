//! The bundle is compiled in (`src/ui/assets.rs`), and its files change their names: without this
//! line a new one would not be noticed.

use std::path::Path;

fn main() {
    // A path that does not exist would count as changed at every build.
    if Path::new("../web/pkg").exists() {
        println!("cargo:rerun-if-changed=../web/pkg");
    } else {
        println!("cargo:rerun-if-changed=../web");
    }
}
