//! Messages as a broker would store them, for tests.

use std::net::SocketAddr;

use super::message::crc32;

pub(in crate::rocketmq) struct Written {
    pub(in crate::rocketmq) topic: String,
    pub(in crate::rocketmq) queue: i32,
    pub(in crate::rocketmq) offset: i64,
    pub(in crate::rocketmq) flags: i32,
    pub(in crate::rocketmq) stored_at: i64,
    pub(in crate::rocketmq) born_host: SocketAddr,
    pub(in crate::rocketmq) store_host: SocketAddr,
    pub(in crate::rocketmq) body: Vec<u8>,
    pub(in crate::rocketmq) properties: Vec<(String, String)>,
    pub(in crate::rocketmq) is_v2: bool,
}

impl Default for Written {
    fn default() -> Self {
        let host = SocketAddr::from(([127, 0, 0, 1], 10_911));
        Self {
            topic: "orders".into(),
            queue: 0,
            offset: 0,
            flags: 0,
            stored_at: 1_795_443_203_475,
            born_host: host,
            store_host: host,
            body: b"hello".to_vec(),
            properties: vec![("KEYS".into(), "order-1".into())],
            is_v2: false,
        }
    }
}

impl Written {
    pub(in crate::rocketmq) fn bytes(&self) -> Vec<u8> {
        let v6 =
            i32::from(self.born_host.is_ipv6()) << 4 | i32::from(self.store_host.is_ipv6()) << 5;
        let mut rest = if self.is_v2 {
            0xdaa3_20ab_u32
        } else {
            0xdaa3_20a7
        }
        .to_be_bytes()
        .to_vec();
        rest.extend(crc32(&self.body).to_be_bytes());
        rest.extend(self.queue.to_be_bytes());
        rest.extend(0i32.to_be_bytes());
        rest.extend(self.offset.to_be_bytes());
        rest.extend((1000 + self.offset * 200).to_be_bytes());
        rest.extend((self.flags | v6).to_be_bytes());
        rest.extend((self.stored_at - 1).to_be_bytes());
        host(&mut rest, self.born_host);
        rest.extend(self.stored_at.to_be_bytes());
        host(&mut rest, self.store_host);
        rest.extend(2i32.to_be_bytes());
        rest.extend(0i64.to_be_bytes());
        rest.extend((self.body.len() as u32).to_be_bytes());
        rest.extend(&self.body);
        match self.is_v2 {
            true => rest.extend((self.topic.len() as u16).to_be_bytes()),
            false => rest.push(self.topic.len() as u8),
        }
        rest.extend(self.topic.as_bytes());
        let named = self.properties.iter();
        let text: String = named.map(|(n, v)| format!("{n}\x01{v}\x02")).collect();
        rest.extend((text.len() as u16).to_be_bytes());
        rest.extend(text.as_bytes());
        let mut bytes = ((4 + rest.len()) as u32).to_be_bytes().to_vec();
        bytes.extend(rest);
        bytes
    }
}

fn host(to: &mut Vec<u8>, host: SocketAddr) {
    match host {
        SocketAddr::V4(host) => to.extend(host.ip().octets()),
        SocketAddr::V6(host) => to.extend(host.ip().octets()),
    }
    to.extend(u32::from(host.port()).to_be_bytes());
}
