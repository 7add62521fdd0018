//! TCP, and TLS over it.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::transport_failure::{self, Stage};
use crate::adapter::{Reason, Refused, refuse};
use crate::tls::Tls;

/// Whom we mean to speak with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::rocketmq) struct Target {
    pub(in crate::rocketmq) role: Role,
    /// `host:port`
    pub(in crate::rocketmq) address: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::rocketmq) enum Role {
    /// Of the settings.
    NameServer,
    Controller,
    Proxy,
    /// Named by a name server.
    Broker {
        name: String,
        id: i64,
    },
}

impl Target {
    pub(in crate::rocketmq) fn new(role: Role, address: &str) -> Self {
        Self {
            role,
            address: address.to_owned(),
        }
    }

    pub(in crate::rocketmq) fn broker(name: &str, id: i64, address: &str) -> Self {
        let name = name.to_owned();
        Self::new(Role::Broker { name, id }, address)
    }

    /// An address that only the cluster itself names is where most first set-ups fail.
    pub(super) fn unreachable_hint(&self) -> &'static str {
        match self.role {
            Role::NameServer => {
                "Check namesrv in the settings of the cluster, and that the name server runs."
            }
            Role::Controller => {
                "Check controllers in the settings of the cluster, and that the controller runs."
            }
            Role::Proxy => {
                "Check proxies in the settings of the cluster: the remoting port of each proxy."
            }
            Role::Broker { .. } => {
                "The name server tells everybody to use this address (brokerIP1 and listenPort of the broker): it must be one that can be reached from here."
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Role::NameServer => write!(f, "name server {}", self.address),
            Role::Controller => write!(f, "controller {}", self.address),
            Role::Proxy => write!(f, "proxy {}", self.address),
            Role::Broker { name, id } => write!(f, "broker {name} ({id}) at {}", self.address),
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
        assert_eq!(host("broker.example:10911"), "broker.example");
        assert_eq!(host("[::1]:9876"), "::1");
    }
}
