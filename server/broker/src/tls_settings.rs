//! `tls` in the settings of a cluster: `true`, which trusts what the system trusts, or a table.
//!
//! ```toml
//! tls = { ca = "ca.pem", cert = "client.pem", key = "client.key", server_name = "broker.example" }
//! ```

use std::path::PathBuf;

use serde_json::Value;
use waybill_model::problem::Problem;

use crate::settings_table::Table;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsSettings {
    /// PEM; the system's own where absent.
    pub(crate) ca: Option<PathBuf>,
    /// PEM files of the certificate with its chain and of its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// The name that the broker's certificate bears, where it is not the address.
    pub(crate) server_name: Option<String>,
}

impl TlsSettings {
    /// `None`: no TLS.
    ///
    /// # Errors
    /// `ConfigInvalid`: an unknown key, a file that is not there, a certificate without its key.
    pub(crate) fn read(cluster: &str, outer: &Table<'_>) -> Result<Option<Self>, Problem> {
        let values = match outer.value("tls") {
            None | Some(Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => return Ok(Some(Self::default())),
            Some(Value::Object(values)) => values,
            Some(_) => return Err(outer.wrong("tls", "true, false or a table")),
        };
        let known = ["ca", "cert", "key", "server_name"];
        let table = Table::new(cluster, "tls", values, &known)?;
        let file = |key| table.file(key);
        let identity = match (file("cert")?, file("key")?) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert, key)),
            (Some(_), None) => return Err(table.wrong("key", "the file of the certificate's key")),
            (None, Some(_)) => return Err(table.wrong("cert", "the file of the key's certificate")),
        };
        Ok(Some(Self {
            ca: file("ca")?,
            identity,
            server_name: table.text("server_name")?.map(str::to_owned),
        }))
    }
}
