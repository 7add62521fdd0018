//! Headers of commands, in the two forms of `SerializeType`: JSON (0), which we send, and RocketMQ's
//! own (1), which a server may answer in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// More than any answer has: each costs more memory than its bytes.
const MOST_FIELDS: usize = 1000;
/// Bit 0 of `flag`: an answer.
const ANSWER: i32 = 1;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rocketmq) struct Header {
    pub(in crate::rocketmq) code: i32,
    pub(in crate::rocketmq) is_answer: bool,
    pub(in crate::rocketmq) opaque: i32,
    pub(in crate::rocketmq) remark: Option<String>,
    pub(in crate::rocketmq) fields: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::rocketmq) enum Malformed {
    #[error("its lengths do not fit together")]
    Lengths,
    #[error("its header is {0} bytes long")]
    HeaderTooLong(usize),
    #[error("its header is in form {0}, which nobody here knows")]
    UnknownForm(u8),
    #[error("its header cannot be read")]
    Header,
    #[error("its header has more than {MOST_FIELDS} fields")]
    TooManyFields,
}

/// # Errors
/// Anything that is no header of this form.
pub(super) fn read(form: u8, bytes: &[u8]) -> Result<Header, Malformed> {
    match form {
        0 => of_json(bytes),
        1 => of_binary(bytes),
        other => Err(Malformed::UnknownForm(other)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    code: i32,
    #[serde(default)]
    flag: i32,
    #[serde(default)]
    opaque: i32,
    #[serde(default)]
    remark: Option<String>,
    #[serde(default)]
    ext_fields: Option<BTreeMap<String, Value>>,
}

fn of_json(bytes: &[u8]) -> Result<Header, Malformed> {
    let text = String::from_utf8_lossy(bytes);
    let written: Written = serde_json::from_str(&text).map_err(|_| Malformed::Header)?;
    let fields = written.ext_fields.unwrap_or_default();
    if fields.len() > MOST_FIELDS {
        return Err(Malformed::TooManyFields);
    }
    // Null is a field that is not there.
    let fields = fields.into_iter().filter_map(|(name, value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other => Some((name, other.to_string())),
    });
    Ok(Header {
        code: written.code,
        is_answer: written.flag & ANSWER != 0,
        opaque: written.opaque,
        remark: written.remark,
        fields: fields.collect(),
    })
}

/// `RocketMQSerializable`: code (2 bytes), language (1), version (2), opaque (4), flag (4), remark
/// (its length in 4), fields (their length in 4, then each with its name's length in 2 and its
/// value's in 4).
fn of_binary(bytes: &[u8]) -> Result<Header, Malformed> {
    let left = &mut &bytes[..];
    let code = i16::from_be_bytes(array(left)?);
    take(left, 3)?;
    let opaque = i32::from_be_bytes(array(left)?);
    let flag = i32::from_be_bytes(array(left)?);
    let remark = long(left)?;
    let mut inner = long(left)?;
    let mut fields = BTreeMap::new();
    while !inner.is_empty() {
        if fields.len() == MOST_FIELDS {
            return Err(Malformed::TooManyFields);
        }
        let name_length = u16::from_be_bytes(array(&mut inner)?);
        let name = text(take(&mut inner, usize::from(name_length))?);
        fields.insert(name, text(long(&mut inner)?));
    }
    Ok(Header {
        code: code.into(),
        is_answer: flag & ANSWER != 0,
        opaque,
        remark: Some(text(remark)).filter(|remark| !remark.is_empty()),
        fields,
    })
}

fn take<'a>(left: &mut &'a [u8], count: usize) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = left.split_at_checked(count).ok_or(Malformed::Lengths)?;
    *left = rest;
    Ok(taken)
}

fn array<const N: usize>(left: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, rest) = left.split_first_chunk().ok_or(Malformed::Lengths)?;
    *left = rest;
    Ok(*taken)
}

/// Bytes after their length in four.
fn long<'a>(left: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let length = i32::from_be_bytes(array(left)?);
    take(
        left,
        usize::try_from(length).map_err(|_| Malformed::Lengths)?,
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
pub(super) fn binary(header: &Header) -> Vec<u8> {
    let mut fields = Vec::new();
    for (name, value) in &header.fields {
        fields.extend((name.len() as u16).to_be_bytes());
        fields.extend(name.as_bytes());
        fields.extend((value.len() as u32).to_be_bytes());
        fields.extend(value.as_bytes());
    }
    let remark = header.remark.as_deref().unwrap_or_default();
    let mut bytes = (header.code as i16).to_be_bytes().to_vec();
    bytes.extend([12, 1, 219]);
    bytes.extend(header.opaque.to_be_bytes());
    bytes.extend(i32::from(header.is_answer).to_be_bytes());
    bytes.extend((remark.len() as u32).to_be_bytes());
    bytes.extend(remark.as_bytes());
    bytes.extend((fields.len() as u32).to_be_bytes());
    bytes.extend(fields);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            code: 21,
            is_answer: true,
            opaque: -7,
            remark: Some("OFFSET_OVERFLOW".into()),
            fields: BTreeMap::from([
                ("maxOffset".into(), "5".into()),
                ("minOffset".into(), String::new()),
            ]),
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let json =
            br#"{"code":21,"flag":1,"language":"JAVA","opaque":-7,"remark":"OFFSET_OVERFLOW",
            "extFields":{"maxOffset":5,"minOffset":"","none":null},"version":513}"#;
        assert_eq!(read(0, json), Ok(header()));
        assert_eq!(read(1, &binary(&header())), Ok(header()));
    }

    #[test]
    fn what_is_no_header_is_told() {
        let whole = binary(&header());
        for end in 0..whole.len() {
            assert_eq!(read(1, &whole[..end]), Err(Malformed::Lengths), "{end}");
        }
        assert_eq!(read(0, b"[]"), Err(Malformed::Header));
        assert_eq!(read(0, br#"{"flag":1}"#), Err(Malformed::Header));
        assert_eq!(read(9, b"{}"), Err(Malformed::UnknownForm(9)));
        let many = (0..=MOST_FIELDS).map(|n| (format!("{n:05}"), String::new()));
        let many = Header {
            fields: many.collect(),
            ..header()
        };
        assert_eq!(read(1, &binary(&many)), Err(Malformed::TooManyFields));
    }
}
