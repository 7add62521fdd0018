//! Where a request comes from. A proxy's word counts only if the proxy is named in
//! `server.trusted_proxies`.

use std::net::IpAddr;

use http::HeaderMap;

use crate::config::Network;

/// The client of a request whose other end is `peer`: from the right, the first address of
/// `X-Forwarded-For` that is not itself a trusted proxy. Whatever stands left of it was written by
/// the client and is not believed.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|block| block.contains(address));
    if !is_trusted(peer) {
        return peer.to_canonical();
    }
    let mut client = peer;
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|hop| hop.trim().parse::<IpAddr>())
        .collect::<Vec<_>>();
    for hop in hops.into_iter().rev() {
        let Ok(hop) = hop else { break };
        client = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    client.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client("10.1.1.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            client("10.1.1.1", &["6.6.6.6, 203.0.113.9", "10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(client("10.1.1.1", &["203.0.113.9, nonsense"]), "10.1.1.1");
        assert_eq!(client("::ffff:10.1.1.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("fd00::1", &[]), "fd00::1");
    }
}
