//! What stands in a frame (`RemotingCommand.encode`): four bytes of which the first is the form of the
//! header and three are its length, then the header, then the body. The length before all of it is
//! [`crate::frame`]'s.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde_json::json;

use super::acl::Account;
use super::command::Request;
use super::header::{self, Header, Malformed};
use crate::guard::Passed;

/// Of a client of today: answers are then as near to JSON as this server writes them.
const VERSION: i32 = 475;
const LONGEST_HEADER: usize = 256 * 1024;

/// # Errors
/// Anything that is no command.
pub(in crate::rocketmq) fn read(mut frame: Bytes) -> Result<(Header, Bytes), Malformed> {
    let (mark, _) = frame.split_first_chunk::<4>().ok_or(Malformed::Lengths)?;
    let [form, length @ ..] = *mark;
    let length = u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize;
    if length > LONGEST_HEADER {
        return Err(Malformed::HeaderTooLong(length));
    }
    frame.advance(mark.len());
    if frame.len() < length {
        return Err(Malformed::Lengths);
    }
    let header = frame.split_to(length);
    Ok((header::read(form, &header)?, frame))
}

/// The whole frame, its length before it. Signed where somebody asks.
pub(super) fn written(request: Passed<Request>, opaque: i32, account: Option<&Account>) -> Bytes {
    let Request {
        code,
        mut fields,
        body,
    } = request.into_inner();
    if let Some(account) = account {
        account.sign(&mut fields, &body);
    }
    let header = json!({
        "code": code.number,
        "flag": 0,
        "language": "OTHER",
        "opaque": opaque,
        "serializeTypeCurrentRPC": "JSON",
        "version": VERSION,
        "extFields": fields,
    })
    .to_string();
    let mut frame = BytesMut::with_capacity(8 + header.len() + body.len());
    frame.put_u32((4 + header.len() + body.len()) as u32);
    // Form 0, JSON; our own headers are far from 2^24 bytes.
    frame.put_u32(header.len() as u32 & 0x00ff_ffff);
    frame.put_slice(header.as_bytes());
    frame.put_slice(&body);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::super::command::{
        CONTROLLER_GET_SYNC_STATE_DATA, GET_MAX_OFFSET, GET_ROUTEINFO_BY_TOPIC,
    };
    use super::super::recorded;
    use super::*;
    use crate::guard;

    #[test]
    fn a_request_is_what_a_client_sends() {
        let request = Request::new(GET_ROUTEINFO_BY_TOPIC).with("topic", "lab-frames");
        let written = written(guard::pass(request).ok().unwrap(), 7, None);
        let recorded = recorded::frame("broker/0105-GET_ROUTEINFO_BY_TOPIC.req.bin");
        let ours = read(written.slice(4..)).unwrap();
        let theirs = read(recorded).unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(
            written.len() - 4,
            u32::from_be_bytes(written[..4].try_into().unwrap()) as usize
        );
    }

    #[test]
    fn a_body_follows_its_header() {
        let request =
            Request::new(CONTROLLER_GET_SYNC_STATE_DATA).with_body(&b"[\"broker-h\"]"[..]);
        let written = written(guard::pass(request).ok().unwrap(), 5, None);
        let (header, body) = read(written.slice(4..)).unwrap();
        assert_eq!((header.code, header.opaque), (1006, 5));
        assert_eq!(&body[..], b"[\"broker-h\"]");
    }

    #[test]
    fn every_recorded_frame_is_read() {
        let mut read_frames = 0;
        for folder in ["broker", "controller", "acl"] {
            for name in recorded::names(folder, ".bin") {
                let path = format!("{folder}/{name}");
                let header = recorded::header(&path);
                assert_eq!(header.is_answer, name.ends_with(".resp.bin"), "{path}");
                if !header.is_answer {
                    let code: i32 = name[..4].parse().unwrap();
                    assert_eq!(header.code, code, "{path}");
                }
                read_frames += 1;
            }
        }
        assert!(read_frames > 150, "{read_frames}");
        let told = recorded::header("broker/0030-GET_MAX_OFFSET.resp.bin");
        assert_eq!(told.fields["offset"], "5");
        let asked = recorded::header("broker/0030-GET_MAX_OFFSET.req.bin");
        assert_eq!(asked.code, GET_MAX_OFFSET.number);
    }

    #[test]
    fn lengths_that_lie_are_told() {
        let frame = |bytes: &'static [u8]| read(Bytes::from_static(bytes));
        assert_eq!(frame(&[0, 0, 0]), Err(Malformed::Lengths));
        assert_eq!(frame(&[0, 0, 0, 3, b'{', b'}']), Err(Malformed::Lengths));
        assert_eq!(
            frame(&[0, 255, 255, 255]),
            Err(Malformed::HeaderTooLong(0x00ff_ffff))
        );
        assert_eq!(frame(&[7, 0, 0, 0]), Err(Malformed::UnknownForm(7)));
    }
}
