//! One connection: opened, then one request at a time. A connection on which anything went wrong is
//! not used again, because nobody knows what its next bytes are.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

use super::acl::Account;
use super::command::{Answer, Request};
use super::dial::{Stream, Target, dial};
use super::frame;
use super::transport_failure::{self, Stage};
use crate::adapter::Refused;
use crate::frame as length_framed;
use crate::guard;
use crate::rocketmq::settings::Limits;
use crate::tls::Tls;

pub(in crate::rocketmq) use super::acl::Account as AclAccount;

/// What a server may say of its own while we wait, before it is no conversation any more.
const MOST_ASIDES: usize = 16;
/// Of a stranger's first answer.
const FIRST_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How connections of one cluster are opened.
pub(in crate::rocketmq) struct Access {
    pub(in crate::rocketmq) tls: Option<Tls>,
    pub(in crate::rocketmq) account: Option<Account>,
    pub(in crate::rocketmq) limits: Limits,
}

pub(in crate::rocketmq) struct Connection {
    access: Arc<Access>,
    pub(super) target: Target,
    stream: Box<dyn Stream>,
    stage: Stage,
    opaque: i32,
}

impl Connection {
    /// # Errors
    /// Every state that a person can do something about; see [`transport_failure`].
    pub(super) async fn open(
        access: Arc<Access>,
        target: Target,
        deadline: Instant,
    ) -> Result<Self, Refused> {
        let began = Instant::now();
        let deadline = deadline.min(began + access.limits.connect);
        let opened = timeout_at(deadline, dial(&target, access.tls.as_ref())).await;
        let stream = opened.map_err(|_| {
            let after = began.elapsed();
            transport_failure::too_slow(&target, Stage::Connect, "a new connection", after)
        })??;
        Ok(Self {
            access,
            target,
            stream,
            stage: Stage::First,
            opaque: 0,
        })
    }

    /// # Errors
    /// There was no answer. After one that is not [`crate::Reason::Forbidden`] the connection must be
    /// dropped.
    pub(super) async fn ask(
        &mut self,
        deadline: Instant,
        request: &Request,
    ) -> Result<Answer, Refused> {
        let what = request.code.name;
        self.opaque = self.opaque.wrapping_add(1);
        let passed = guard::pass(request.clone())?;
        let frame = frame::written(passed, self.opaque, self.access.account.as_ref());
        let began = Instant::now();
        let deadline = deadline.min(began + self.access.limits.request);
        match timeout_at(deadline, self.exchange(&frame, what)).await {
            Err(_) => {
                let (target, stage) = (&self.target, self.stage);
                Err(transport_failure::too_slow(
                    target,
                    stage,
                    what,
                    began.elapsed(),
                ))
            }
            Ok(answer) => {
                let answer = answer?;
                self.stage = Stage::Request;
                Ok(answer)
            }
        }
    }

    async fn exchange(&mut self, frame: &[u8], what: &str) -> Result<Answer, Refused> {
        let broke =
            |error: &std::io::Error| transport_failure::of_io(&self.target, self.stage, error);
        self.stream.write_all(frame).await.map_err(|e| broke(&e))?;
        self.stream.flush().await.map_err(|e| broke(&e))?;
        let wrong = |why: &str| transport_failure::of_answer(&self.target, self.stage, what, why);
        let limit = match self.stage {
            Stage::Request => self.access.limits.answer_bytes,
            _ => self.access.limits.answer_bytes.min(FIRST_ANSWER_BYTES),
        };
        // A server may ask things of its own; nobody here answers, and it expects no more.
        for _ in 0..MOST_ASIDES {
            let frame = length_framed::read(&mut self.stream, limit).await;
            let frame = frame
                .map_err(|error| transport_failure::of_frame(&self.target, self.stage, &error))?;
            let (header, body) = frame::read(frame).map_err(|error| wrong(&error.to_string()))?;
            if !header.is_answer {
                continue;
            }
            if header.opaque != self.opaque {
                return Err(wrong("it belongs to another request"));
            }
            return Ok(Answer {
                code: header.code,
                remark: header.remark,
                fields: header.fields,
                body,
            });
        }
        Err(wrong("other words came in its place"))
    }
}
