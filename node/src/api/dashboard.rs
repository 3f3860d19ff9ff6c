//! The page for people: three files of this program, nothing from elsewhere.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{call::Call, problem::Problem};

const PAGE: &str = include_str!("../dashboard/page.html");
const STYLE: &str = include_str!("../dashboard/page.css");
const SCRIPT: &str = include_str!("../dashboard/page.js");

/// Nothing is loaded but the page's own files; nothing is run that is written into it; nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn page(_: Call) -> Result<Response, Problem> {
    Ok(file("text/html; charset=utf-8", PAGE))
}

pub(super) async fn style(_: Call) -> Result<Response, Problem> {
    Ok(file("text/css; charset=utf-8", STYLE))
}

pub(super) async fn script(_: Call) -> Result<Response, Problem> {
    Ok(file("text/javascript; charset=utf-8", SCRIPT))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}
