//! Which configured cluster a span is about. Never guessed between two.

use std::net::{IpAddr, Ipv6Addr};

use waybill_model::messaging::Facts;

/// A cluster of the configuration, with the names by which spans may know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownCluster {
    pub name: String,
    /// As in `messaging.system`.
    pub system: String,
    /// The broker's own cluster id, where it was read.
    pub id: Option<String>,
    /// `host:port` of its nodes or of the list that leads to them.
    pub addresses: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Clusters(pub Vec<KnownCluster>);

impl Clusters {
    /// The configured name; without one the broker's own id, which tells two clusters apart as well.
    pub fn of(&self, facts: &Facts) -> Option<String> {
        let of_system = || self.0.iter().filter(|c| c.system == facts.system);
        if let Some(id) = &facts.cluster_id {
            let named = of_system().find(|c| c.id.as_ref() == Some(id));
            return Some(named.map_or_else(|| id.clone(), |c| c.name.clone()));
        }
        let hint = Door::read(facts.cluster_hint.as_deref()?);
        let named = |c: &&KnownCluster| c.addresses.iter().any(|a| hint.fits(&Door::read(a)));
        only(of_system().filter(named)).map(|c| c.name.clone())
    }

    /// The only configured cluster of a system, for messages whose spans do not say.
    pub fn only_of(&self, system: &str) -> Option<&str> {
        only(self.0.iter().filter(|c| c.system == system)).map(|c| c.name.as_str())
    }
}

/// An address taken apart; loopback has several names.
struct Door<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Door<'a> {
    /// An address of version 6 that tells a port stands in brackets.
    fn read(text: &'a str) -> Self {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if text.parse::<Ipv6Addr>().is_err() => (host, port.parse().ok()),
            _ => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let host = if is_loopback { "localhost" } else { host };
        Self { host, port }
    }

    /// A span that tells no port may mean any.
    fn fits(&self, known: &Door<'_>) -> bool {
        self.host.eq_ignore_ascii_case(known.host)
            && (self.port.is_none() || self.port == known.port)
    }
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_fit_however_they_are_written() {
        for (told, known, expected) in [
            ("Broker-1.example:9092", "broker-1.example:9092", true),
            ("broker-1.example", "broker-1.example:9092", true),
            ("broker-1.example:9093", "broker-1.example:9092", false),
            ("broker-2.example:9092", "broker-1.example:9092", false),
            ("localhost:9092", "127.0.0.1:9092", true),
            ("[::1]:9092", "localhost:9092", true),
            ("::1", "127.0.0.1:9092", true),
            ("2001:db8::7", "[2001:db8::7]:9092", true),
            ("[2001:db8::7]:9093", "[2001:db8::7]:9092", false),
        ] {
            let fits = Door::read(told).fits(&Door::read(known));
            assert_eq!(fits, expected, "{told} {known}");
        }
    }
}
