//! Our side of TLS: what is trusted, and who we are. TLS 1.2 and 1.3.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::tls_settings::TlsSettings;

pub(crate) struct Tls {
    settings: TlsSettings,
    /// Read once: it is a large file on some systems. Files of the settings are read again for
    /// each connection, so that a renewed certificate needs no restart.
    system: Option<Arc<RootCertStore>>,
}

impl Tls {
    /// # Errors
    /// In words: a file that cannot be used.
    pub(crate) fn new(settings: TlsSettings) -> Result<Self, String> {
        let system = match settings.ca {
            Some(_) => None,
            None => Some(Arc::new(system_roots()?)),
        };
        let tls = Self { settings, system };
        tls.connector()?;
        Ok(tls)
    }

    pub(crate) fn connector(&self) -> Result<TlsConnector, String> {
        let roots = match (&self.system, &self.settings.ca) {
            (Some(system), _) => system.clone(),
            (None, ca) => Arc::new(private_roots(ca.as_deref())?),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let config = match &self.settings.identity {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => builder
                .with_client_auth_cert(certificates(cert)?, private_key(key)?)
                .map_err(|error| format!("{}: {error}", cert.display()))?,
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// The name that the certificate must bear.
    pub(crate) fn server_name(&self, host: &str) -> Result<ServerName<'static>, String> {
        let name = self.settings.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name:?} is no name of a server"))
    }
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match added {
        0 => Err("this system trusts no authority: set tls.ca".into()),
        _ => Ok(roots),
    }
}

fn private_roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    if read.is_empty() {
        return Err(format!("{}: no certificate in it", path.display()));
    }
    Ok(read)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| format!("{}: {error}", path.display()))
}
