//! TCP, and TLS over it.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::transport_failure::{self, Stage, refuse};
use crate::adapter::{Reason, Refused};
use crate::tls::Tls;

/// Whom we mean to speak with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct Target {
    /// `None`: an address of the settings, of which nobody has said which node it is.
    pub(in crate::kafka) node: Option<i32>,
    /// `host:port`
    pub(in crate::kafka) address: String,
}

impl Target {
    /// An address that only the cluster itself names is where most first set-ups fail.
    pub(super) fn unreachable_hint(&self) -> &'static str {
        match self.node {
            None => "Check the address in the settings of the cluster, and that the broker runs.",
            Some(_) => {
                "The cluster tells its clients to use this address (advertised.listeners): it must be one that can be reached from here."
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            None => f.write_str(&self.address),
            Some(node) => write!(f, "node {node}, which advertises {}", self.address),
        }
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The caller bounds the time.
pub(super) async fn dial(target: &Target, tls: Option<&Tls>) -> Result<Box<dyn Stream>, Refused> {
    let tcp = TcpStream::connect(&target.address)
        .await
        .map_err(|error| transport_failure::of_io(target, Stage::Connect, &error))?;
    // Requests are small and each is waited for.
    tcp.set_nodelay(true)
        .map_err(|error| transport_failure::of_io(target, Stage::Connect, &error))?;
    let Some(tls) = tls else {
        return Ok(Box::new(tcp));
    };
    let ours = |error: String| {
        refuse(
            Reason::WrongCertificate,
            error,
            "Name readable PEM files in `tls` of the settings of the cluster.",
        )
    };
    let name = tls.server_name(host(&target.address)).map_err(ours)?;
    let connector = tls.connector().map_err(ours)?;
    match connector.connect(name, tcp).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(transport_failure::of_io(target, Stage::Tls, &error)),
    }
}

fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lose_their_port_and_brackets() {
        assert_eq!(host("broker.example:9092"), "broker.example");
        assert_eq!(host("127.0.0.1:1"), "127.0.0.1");
        assert_eq!(host("[::1]:9093"), "::1");
    }
}
