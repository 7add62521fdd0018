//! The one place where a problem becomes an HTTP answer (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use waybill_model::problem::{Code, Problem};

/// A problem on its way out over HTTP.
#[derive(Clone, Debug)]
pub struct ApiProblem(pub Problem);

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

/// The body, `application/problem+json`.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    hint: &'a str,
    doc: String,
}

/// The page about a code, beside the code.
pub fn doc(code: Code) -> String {
    format!("docs/errors/{}.md", code.name())
}

pub fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthenticated | Code::WrongCredentials => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::WrongOrigin => StatusCode::FORBIDDEN,
        Code::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
        Code::SetupLinkUsed => StatusCode::GONE,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::InvalidRequest | Code::DecodeFailed | Code::ConfigInvalid => StatusCode::BAD_REQUEST,
        Code::Conflict | Code::NotBrowsable | Code::WouldDisturb => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        // Retryable: senders of OTLP come again.
        Code::Overloaded | Code::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::ClusterUnreachable => StatusCode::BAD_GATEWAY,
        Code::DatabaseNewer
        | Code::DatabaseVersion
        | Code::DataDirectory
        | Code::DataDirectoryInUse
        | Code::PostgresMissing
        | Code::PortInUse
        | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl ApiProblem {
    /// The address is right and the method is not.
    pub fn wrong_method(self) -> Response {
        self.answer(StatusCode::METHOD_NOT_ALLOWED)
    }

    fn answer(self, status: StatusCode) -> Response {
        let Problem {
            code,
            message,
            hint,
        } = self.0;
        let body = Body {
            r#type: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &message,
            code: code.name(),
            hint: &hint,
            doc: doc(code),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let status = status(self.0.code);
        self.answer(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_answers_with_an_error() {
        for code in Code::ALL {
            assert!(!status(*code).is_success(), "{code:?}");
            let response = ApiProblem(Problem::new(*code, "m", "h")).into_response();
            assert_eq!(response.status(), status(*code));
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }
}
