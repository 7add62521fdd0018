//! The shapes of the answers to everything in [`super::allowed`], transcribed from the message
//! definitions of Apache Kafka 4.x (clients/src/main/resources/common/message). The letters are
//! explained in [`super::shape`].

use super::shape::Shape;

/// Versions `from` and later, up to the next line of the same key.
struct Line {
    key: i16,
    from: i16,
    flexible: bool,
    body: &'static str,
}

const fn plain(key: i16, from: i16, body: &'static str) -> Line {
    Line {
        key,
        from,
        flexible: false,
        body,
    }
}

const fn flexible(key: i16, from: i16, body: &'static str) -> Line {
    Line {
        key,
        from,
        flexible: true,
        body,
    }
}

#[rustfmt::skip]
const LINES: &[Line] = &[
    // Fetch
    plain(1, 10, "424[s[42888[88]b]]"),
    plain(1, 11, "424[s[42888[88]4b]]"),
    flexible(1, 12, "424[s[42888[88_]4b{0=48_;1=44_;2=84_}]_]_"),
    flexible(1, 13, "424[u[42888[88_]4b{0=48_;1=44_;2=84_}]_]_"),
    // ListOffsets
    plain(2, 4, "4[s[42884]]"),
    flexible(2, 6, "4[s[42884_]_]_"),
    // Metadata
    plain(3, 7, "4[4s4s]s4[2s1[2444[4][4][4]]]"),
    plain(3, 8, "4[4s4s]s4[2s1[2444[4][4][4]]4]4"),
    flexible(3, 9, "4[4s4s_]s4[2s1[2444[4][4][4]_]4_]4_"),
    flexible(3, 10, "4[4s4s_]s4[2su1[2444[4][4][4]_]4_]4_"),
    flexible(3, 11, "4[4s4s_]s4[2su1[2444[4][4][4]_]4_]_"),
    flexible(3, 13, "4[4s4s_]s4[2su1[2444[4][4][4]_]4_]2_"),
    // OffsetFetch
    plain(9, 5, "4[s[484s2]]2"),
    flexible(9, 6, "4[s[484s2_]_]2_"),
    flexible(9, 8, "4[s[s[484s2_]_]2_]_"),
    // FindCoordinator
    plain(10, 2, "42s4s4"),
    flexible(10, 3, "42s4s4_"),
    flexible(10, 4, "4[s4s42s_]_"),
    // DescribeGroups
    plain(15, 2, "4[2ssss[sssbb]]"),
    plain(15, 3, "4[2ssss[sssbb]4]"),
    plain(15, 4, "4[2ssss[ssssbb]4]"),
    flexible(15, 5, "4[2ssss[ssssbb_]4_]_"),
    flexible(15, 6, "4[2sssss[ssssbb_]4_]_"),
    // ListGroups
    plain(16, 2, "42[ss]"),
    flexible(16, 3, "42[ss_]_"),
    flexible(16, 4, "42[sss_]_"),
    flexible(16, 5, "42[ssss_]_"),
    // SaslHandshake
    plain(17, 1, "2[s]"),
    // ApiVersions
    plain(18, 0, "2[222]"),
    plain(18, 1, "2[222]4"),
    flexible(18, 3, "2[222_]4{0=[s22_];1=8;2=[s22_];3=1}"),
    // DescribeConfigs
    plain(32, 2, "4[2s1s[ss111[ss1]]]"),
    plain(32, 3, "4[2s1s[ss111[ss1]1s]]"),
    flexible(32, 4, "4[2s1s[ss111[ss1_]1s_]_]_"),
    // DescribeLogDirs
    plain(35, 1, "4[2s[s[4881]]]"),
    flexible(35, 2, "4[2s[s[4881_]_]_]_"),
    flexible(35, 3, "42[2s[s[4881_]_]_]_"),
    flexible(35, 4, "42[2s[s[4881_]_]88_]_"),
    // SaslAuthenticate
    plain(36, 0, "2sb"),
    plain(36, 1, "2sb8"),
    flexible(36, 2, "2sb8_"),
    // DescribeQuorum
    flexible(55, 0, "2[s[42448[48_][48_]_]_]_"),
    flexible(55, 1, "2[s[42448[4888_][4888_]_]_]_"),
    flexible(55, 2, "2s[s[42s448[4u888_][4u888_]_]_][4[ss2_]_]_"),
    // DescribeCluster
    flexible(60, 0, "42ss4[4s4s_]4_"),
    flexible(60, 1, "42s1s4[4s4s_]4_"),
    flexible(60, 2, "42s1s4[4s4s1_]4_"),
    // ConsumerGroupDescribe
    flexible(69, 0, "4[2sss44s[sss4ss[s]s[us[4]_]_[us[4]_]__]4_]_"),
    flexible(69, 1, "4[2sss44s[sss4ss[s]s[us[4]_]_[us[4]_]_1_]4_]_"),
    // DescribeTopicPartitions
    flexible(75, 0, "4[2su1[2444[4][4][4][4][4]_]4_]?(s4_)_"),
    // ShareGroupDescribe
    flexible(77, 1, "4[2sss44s[ss4ss[s][us[4]_]__]4_]_"),
];

/// `None`: an answer that nobody here asks for.
pub(super) fn answer(key: i16, version: i16) -> Option<Shape> {
    let line = LINES
        .iter()
        .filter(|line| line.key == key && line.from <= version)
        .max_by_key(|line| line.from)?;
    Some(Shape::new(line.body, line.flexible))
}

/// What stands before an answer: the correlation id, and tags in flexible versions.
pub(super) fn header(version: i16) -> Shape {
    if version >= 1 {
        Shape::new("4_", true)
    } else {
        Shape::new("4", false)
    }
}

/// What a member of a classic group was assigned: topics, partitions, and bytes of its own.
pub(in crate::kafka) fn assignment() -> Shape {
    Shape::new("[s[4]]b", false)
}

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;
