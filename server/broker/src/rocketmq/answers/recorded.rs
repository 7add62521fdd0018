//! Bodies of recorded answers: see tests/fixtures/rocketmq/README.md.

use crate::rocketmq::wire::recorded;

pub(in crate::rocketmq) fn body(name: &str) -> Vec<u8> {
    recorded::body(&format!("{name}.resp.bin")).to_vec()
}
