//! Files with their hash in the name, compressed once here instead of at every request.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

/// Bytes of the hash in a name: enough to tell versions apart, short enough to read.
const HASH_BYTES: usize = 8;

pub struct File {
    /// `web.0123456789abcdef.js`
    pub name: String,
    /// Extension, and the key in the manifest.
    pub kind: &'static str,
    pub plain: Vec<u8>,
    pub brotli: Vec<u8>,
    pub gzip: Vec<u8>,
}

impl File {
    pub fn new(stem: &str, kind: &'static str, plain: Vec<u8>) -> Result<File> {
        let hash = hex::encode(&Sha256::digest(&plain)[..HASH_BYTES]);
        let mut brotli = Vec::new();
        let parameters = brotli::enc::BrotliEncoderParams {
            quality: 11,
            lgwin: 24,
            size_hint: plain.len(),
            ..Default::default()
        };
        brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &parameters)?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&plain)?;
        Ok(File {
            name: format!("{stem}.{hash}.{kind}"),
            kind,
            brotli,
            gzip: gzip.finish()?,
            plain,
        })
    }
}

/// Whether `pkg` holds a whole bundle made from exactly these inputs.
pub fn is_current(pkg: &Path, inputs: &str) -> bool {
    let Ok(text) = std::fs::read(pkg.join("manifest.json")) else {
        return false;
    };
    let Ok(manifest) = serde_json::from_slice::<serde_json::Value>(&text) else {
        return false;
    };
    manifest["inputs"] == inputs
        && ["js", "wasm"].iter().all(|kind| {
            manifest[kind]
                .as_str()
                .is_some_and(|name| spellings(name).iter().all(|file| pkg.join(file).is_file()))
        })
}

/// Writes all files, then lets the manifest point at them by one rename, then removes what no
/// manifest names any more: a reader in between sees the old bundle or the new one, whole.
pub fn publish(pkg: &Path, files: &[File], inputs: &str) -> Result<()> {
    std::fs::create_dir_all(pkg)?;
    let mut manifest = serde_json::Map::new();
    let mut kept = HashSet::from(["manifest.json".to_owned()]);
    for file in files {
        let [plain, brotli, gzip] = spellings(&file.name);
        replace(&pkg.join(&plain), &file.plain)?;
        replace(&pkg.join(&brotli), &file.brotli)?;
        replace(&pkg.join(&gzip), &file.gzip)?;
        kept.extend([plain, brotli, gzip]);
        manifest.insert(file.kind.to_owned(), file.name.clone().into());
    }
    manifest.insert("inputs".to_owned(), inputs.into());
    replace(
        &pkg.join("manifest.json"),
        &serde_json::to_vec_pretty(&manifest)?,
    )?;
    for entry in std::fs::read_dir(pkg)? {
        let entry = entry?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| kept.contains(name))
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn spellings(name: &str) -> [String; 3] {
    [name.to_owned(), format!("{name}.br"), format!("{name}.gz")]
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, bytes).with_context(|| format!("writing {}", path.display()))?;
    std::fs::rename(&part, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(text: &str) -> [File; 2] {
        [("web", "js"), ("web", "wasm")].map(|(stem, kind)| {
            File::new(stem, kind, format!("{kind} {text}").into_bytes()).unwrap()
        })
    }

    #[test]
    fn a_second_bundle_replaces_the_first_whole() {
        let pkg = std::env::temp_dir().join(format!("waybill-pkg-{}", std::process::id()));
        publish(&pkg, &bundle("one"), "1").unwrap();
        assert!(is_current(&pkg, "1"));
        publish(&pkg, &bundle("two"), "2").unwrap();
        assert!(is_current(&pkg, "2") && !is_current(&pkg, "1"));
        let files = std::fs::read_dir(&pkg).unwrap().count();
        std::fs::remove_dir_all(&pkg).unwrap();
        assert_eq!(files, 2 * 3 + 1);
    }
}
