//! What a person is told when something cannot be done: a stable code, a sentence, a way out.
//! The codes are documented in `docs/errors/`, a page each. No transport is known here.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct Problem {
    pub code: Code,
    pub message: String,
    pub hint: String,
}

impl Problem {
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $about:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Code { $(#[doc = $about] #[serde(rename = $name)] $variant),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As written in answers, logs and the name of its page.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

codes! {
    Unauthenticated "unauthenticated" "No session or token, or one that has ended.",
    Forbidden "forbidden" "Signed in, but without the right.",
    WrongCredentials "wrong_credentials" "Name and password do not fit.",
    TooManyAttempts "too_many_attempts" "Sign-in is paused after repeated failures.",
    WrongOrigin "wrong_origin" "A change was asked for from another site.",
    SetupLinkUsed "setup_link_used" "The one-time setup link was used or has ended.",
    NotFound "not_found" "There is no such thing here.",
    InvalidRequest "invalid_request" "The words of the request are wrong.",
    Conflict "conflict" "It exists already, or has changed since it was read.",
    DecodeFailed "decode_failed" "Telemetry that no decoder can read.",
    TooLarge "too_large" "The request is larger than the limit, once decompressed.",
    UnsupportedEncoding "unsupported_encoding" "A content type or compression that is not spoken here.",
    Overloaded "overloaded" "More is arriving than can be stored; try again shortly.",
    StoreUnavailable "store_unavailable" "The database does not answer; nothing was stored.",
    DatabaseNewer "database_newer" "The database was migrated by a newer Waybill.",
    DatabaseVersion "database_version" "The data directory belongs to another major version of Postgres.",
    DataDirectory "data_directory" "The data directory cannot be used.",
    DataDirectoryInUse "data_directory_in_use" "Another Waybill runs on this data directory.",
    PostgresMissing "postgres_missing" "No Postgres server programs were found.",
    PortInUse "port_in_use" "Something else listens on this address.",
    ConfigInvalid "config_invalid" "The configuration has a wrong word or value.",
    ClusterUnreachable "cluster_unreachable" "A configured cluster does not answer.",
    NotBrowsable "not_browsable" "The messages of this destination cannot be read from here.",
    WouldDisturb "would_disturb" "Looking at these messages would change them.",
    Internal "internal" "Something broke here; the log says what.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_writes() {
        for code in Code::ALL {
            assert_eq!(
                serde_json::to_string(code).unwrap(),
                format!("{:?}", code.name())
            );
        }
    }
}
