//! SASL inside Kafka's own requests: SaslHandshake names the mechanism, SaslAuthenticate carries
//! its messages (KIP-43, KIP-152; OAUTHBEARER: RFC 7628, KIP-255).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
};
use kafka_protocol::protocol::StrBytes;
use sha2::{Sha256, Sha512};
use tokio::time::Instant;

use super::connection::Connection;
use super::failure::{code_name, printable};
use super::scram::{ClientFirst, Hash, ScramError};
use super::transport_failure::refuse;
use crate::adapter::{Reason, Refused};
use crate::kafka::settings::{Sasl, ScramHash, Token};
use crate::secret::Secret;

/// How long the broker lets this session live; `None`: as long as the connection.
pub(super) async fn authenticate(
    connection: &mut Connection,
    credentials: &Sasl,
    deadline: Instant,
) -> Result<Option<Duration>, Refused> {
    handshake(connection, credentials.mechanism(), deadline).await?;
    let mut talk = Talk {
        connection,
        deadline,
    };
    let last = match credentials {
        Sasl::Plain { user, password } => {
            let message = format!("\0{user}\0{}", password.reveal());
            talk.say(message).await?
        }
        Sasl::Scram {
            hash: ScramHash::Sha256,
            user,
            password,
        } => scram::<Sha256>(&mut talk, user, password).await?,
        Sasl::Scram {
            hash: ScramHash::Sha512,
            user,
            password,
        } => scram::<Sha512>(&mut talk, user, password).await?,
        Sasl::OauthBearer(token) => bearer(&mut talk, token).await?,
    };
    let lifetime = u64::try_from(last.session_lifetime_ms).unwrap_or(0);
    Ok((lifetime > 0).then(|| Duration::from_millis(lifetime)))
}

async fn handshake(
    connection: &mut Connection,
    mechanism: &'static str,
    deadline: Instant,
) -> Result<(), Refused> {
    let asked = connection.ask(deadline, |_| {
        SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism))
    });
    let answer = asked
        .await
        .map_err(|failure| failure.into_refused("SASL"))?;
    let target = &connection.target;
    match ResponseError::try_from_code(answer.error_code) {
        None => Ok(()),
        Some(ResponseError::UnsupportedSaslMechanism) => {
            let offered: Vec<&str> = answer
                .mechanisms
                .iter()
                .take(10)
                .map(|name| &**name)
                .collect();
            Err(refuse(
                Reason::WrongCredentials,
                printable(&format!(
                    "{target}: offers {}, not {mechanism}",
                    offered.join(", ")
                )),
                "Set sasl.mechanism to one that this listener offers.",
            ))
        }
        Some(ResponseError::IllegalSaslState) => Err(refuse(
            Reason::NotThisProtocol,
            format!("{target}: this listener has no SASL"),
            "Remove `sasl` from the settings of the cluster, or name the port of a SASL listener.",
        )),
        Some(error) => Err(refuse(
            Reason::WrongCredentials,
            format!("{target}: {}", code_name(error.code())),
            "Check `sasl` in the settings of the cluster.",
        )),
    }
}

struct Talk<'a> {
    connection: &'a mut Connection,
    deadline: Instant,
}

impl Talk<'_> {
    async fn say(
        &mut self,
        message: impl Into<Bytes>,
    ) -> Result<SaslAuthenticateResponse, Refused> {
        let message: Bytes = message.into();
        let asked = self.connection.ask(self.deadline, |_| {
            SaslAuthenticateRequest::default().with_auth_bytes(message.clone())
        });
        let answer = asked
            .await
            .map_err(|failure| failure.into_refused("SASL"))?;
        match ResponseError::try_from_code(answer.error_code) {
            None => Ok(answer),
            Some(error) => {
                let words = answer.error_message.as_deref().unwrap_or_default();
                Err(self.wrong(&format!("{} {}", code_name(error.code()), printable(words))))
            }
        }
    }

    fn wrong(&self, what: &str) -> Refused {
        refuse(
            Reason::WrongCredentials,
            format!("{}: {}", self.connection.target, what.trim()),
            "Check `sasl` in the settings of the cluster.",
        )
    }

    fn distrusted(&self, error: ScramError) -> Refused {
        let reason = match error {
            ScramError::Rejected => Reason::WrongCredentials,
            _ => Reason::BadAnswer,
        };
        refuse(
            reason,
            format!("{}: SCRAM: {error}", self.connection.target),
            "Check `sasl`, and that this is the broker that you mean.",
        )
    }
}

async fn scram<H: Hash>(
    talk: &mut Talk<'_>,
    user: &str,
    password: &Secret,
) -> Result<SaslAuthenticateResponse, Refused> {
    let first = ClientFirst::new(user, nonce(talk)?);
    let challenge = talk.say(first.message()).await?;
    let proof = first
        .prove::<H>(password, &challenge.auth_bytes)
        .map_err(|error| talk.distrusted(error))?;
    let last = talk.say(proof.message.clone()).await?;
    proof
        .verify(&last.auth_bytes)
        .map_err(|error| talk.distrusted(error))?;
    Ok(last)
}

fn nonce(talk: &Talk<'_>) -> Result<String, Refused> {
    let mut random = [0; 24];
    getrandom::fill(&mut random).map_err(|error| {
        refuse(
            Reason::Unreachable,
            format!("{}: no random numbers: {error}", talk.connection.target),
            "The operating system gives none; nothing can be authenticated without.",
        )
    })?;
    Ok(STANDARD_NO_PAD.encode(random))
}

/// RFC 7628, section 3.1. A token that is not accepted is answered with a challenge, which is to
/// be acknowledged by one byte before the broker says the error itself (section 3.2.3).
async fn bearer(talk: &mut Talk<'_>, token: &Token) -> Result<SaslAuthenticateResponse, Refused> {
    let token = read_token(talk, token).await?;
    let answer = talk
        .say(format!("n,,\u{1}auth=Bearer {}\u{1}\u{1}", token.reveal()))
        .await?;
    if answer.auth_bytes.is_empty() {
        return Ok(answer);
    }
    let challenge = printable(&String::from_utf8_lossy(&answer.auth_bytes));
    let said = match talk.say(&b"\x01"[..]).await {
        Ok(_) => String::new(),
        Err(refused) if refused.reason == Reason::WrongCredentials => refused.detail,
        Err(other) => return Err(other),
    };
    Err(talk.wrong(&format!("the token is not accepted: {challenge} {said}")))
}

async fn read_token(talk: &Talk<'_>, token: &Token) -> Result<Secret, Refused> {
    match token {
        Token::Text(text) => Ok(text.clone()),
        Token::File(path) => match tokio::fs::read_to_string(path).await {
            Ok(text) => Ok(Secret::new(text.trim())),
            Err(error) => Err(talk.wrong(&format!("{}: {error}", path.display()))),
        },
    }
}
