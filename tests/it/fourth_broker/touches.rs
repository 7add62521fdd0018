//! What adding a broker touches: its folder, one line of the registry, and the line by which Rust
//! finds the folder.

use std::path::{Path, PathBuf};

use waybill_tests::child::root;

/// Folders of brokers, told by what the crate's root declares and the registry lists.
const CODE: &str = "server/broker/src";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

fn lines_about(broker: &str, folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for part in [
        "server/model/src",
        "server/store/src",
        "server/src",
        "web/src",
        CODE,
    ] {
        sources(&root().join(part), &mut all);
    }
    let mut lines = Vec::new();
    for path in all {
        // Tests name brokers, and the convention of telemetry its attributes. Dots join words: a
        // package of a library is no broker.
        let told = path.strip_prefix(root()).unwrap().display().to_string();
        let is_test = told.contains("tests") || told.ends_with("convention.rs");
        if path.starts_with(folder) || is_test {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let about = code.lines().map(str::trim).filter(|line| {
            let words = line.split(|c: char| !c.is_alphanumeric() && !"_.".contains(c));
            !line.starts_with("//") && words.into_iter().any(|word| word == broker)
        });
        lines.extend(about.map(|line| format!("{told}: {line}")));
    }
    lines.sort();
    lines
}

#[test]
fn a_broker_is_a_folder_and_a_line() {
    let registry = std::fs::read_to_string(root().join(CODE).join("registry.rs")).unwrap();
    let listed: Vec<&str> = registry
        .split("crate::")
        .filter_map(|after| after.split_once("::adapter()"))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase()))
        .collect();
    let adapters = waybill_broker::registry::adapters();
    assert_eq!(listed.len(), adapters.len(), "{listed:?}");
    for (folder, adapter) in listed.iter().zip(adapters) {
        let home = root().join(CODE).join(folder);
        assert!(home.join("mod.rs").is_file(), "{folder} is no folder");
        let lines = lines_about(folder, &home);
        assert_eq!(
            lines,
            [
                format!("{CODE}/lib.rs: mod {folder};"),
                format!("{CODE}/registry.rs: crate::{folder}::adapter(),"),
            ],
            "{}",
            adapter.label
        );
        let words = lines_about(adapter.label, &home);
        assert!(words.is_empty(), "{words:?}");
    }
}
