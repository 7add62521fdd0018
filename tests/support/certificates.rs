//! Certificates of a test's own authority, made by openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Authority {
    folder: PathBuf,
}

/// PEM files.
pub struct Identity {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Key and certificate in one, as Kafka wants its key store.
    pub store: PathBuf,
}

impl Authority {
    /// In a folder that must be there.
    pub fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let authority = Self { folder };
        let subject = format!("/CN={name}");
        authority.openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject,
            "-keyout", "ca.key", "-out", "ca.pem",
        ]);
        authority
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// For 127.0.0.1 and localhost.
    pub fn issue(&self, name: &str) -> Identity {
        let file = |ending: &str| format!("{name}.{ending}");
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            &file("key"),
            "-out",
            &file("csr"),
        ]);
        std::fs::write(
            self.folder.join(file("ext")),
            "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
        )
        .unwrap();
        self.openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &file("csr"),
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            &file("ext"),
            "-out",
            &file("pem"),
        ]);
        let (cert, key) = (self.folder.join(file("pem")), self.folder.join(file("key")));
        let store = self.folder.join(file("store.pem"));
        let both =
            std::fs::read_to_string(&key).unwrap() + &std::fs::read_to_string(&cert).unwrap();
        std::fs::write(&store, both).unwrap();
        Identity { cert, key, store }
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}
