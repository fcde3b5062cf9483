//! The most that a server of this kind does on this machine: axum, one route, a fixed answer of 400 bytes.

use std::io::Write;
use std::net::Ipv4Addr;

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// As long as an answer to a request for one secret.
const ANSWER_BYTES: usize = 400;

/// Serves on a free port, which it prints, until it is killed.
///
/// # Errors
/// When it cannot serve.
pub(super) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let body = format!("{{\"filler\":\"{}\"}}", "x".repeat(ANSWER_BYTES - 13));
        let handler = move || {
            let body = body.clone();
            async move { ([(CONTENT_TYPE, "application/json")], body) }
        };
        let app = Router::new().route("/ceiling", get(handler));
        axum::serve(listener, app).await.context("the ceiling cannot serve")
    })
}
