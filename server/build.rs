//! The console's files in `web/pkg` are embedded: a new bundle makes a new server. All of `web` is
//! named because `pkg` may not exist yet, and Cargo takes a missing path for one that always changed.

fn main() {
    println!("cargo::rerun-if-changed=../web");
}
