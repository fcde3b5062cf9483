//! Raw bytes to the server's own connections, over a stream in the process: HTTP/1, HTTP/2, and what is neither.
//!
//! Laws: whatever comes, the connection ends within its deadlines, nothing is a fault of the server (500), and no answer
//! repeats anything of a request without a credential. Time passes by itself whenever nothing else happens.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use keyholt_api::fuzzing::serve_stream;
use keyholt_api::{ApiSettings, AppState, Metrics, Peer, ServerLimits, app};
use keyholt_fuzz::canary::{CANARY, plant};
use keyholt_testkit::TestEngine;
use libfuzzer_sys::fuzz_target;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// Longer than all deadlines of a connection together.
const END: Duration = Duration::from_secs(3600);

/// How often a connection that has not ended is waited for: ten seconds in all of the time that others have.
const CHANCES: u32 = 1000;

struct Server {
    runtime: Runtime,
    router: Router,
}

thread_local! {
    static SERVER: Server = {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let engine = runtime.block_on(TestEngine::in_memory());
        let metrics = Metrics::register(&mut Registry::default());
        let state = AppState::new(engine.engine, Arc::new(ApiSettings::default()), metrics);
        Server { runtime, router: app(state) }
    };
}

// The first byte says how the rest comes: at once or in pieces, with an end of the stream or without.
fuzz_target!(|data: &[u8]| {
    let Some((&way, bytes)) = data.split_first() else { return };
    let bytes = plant(bytes);
    let answer = SERVER.with(|server| server.runtime.block_on(talk(server.router.clone(), &bytes, way)));
    let has = |text: &str| answer.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!has("HTTP/1.1 500"), "a fault of the server: {}", String::from_utf8_lossy(&answer));
    let is_anonymous =
        !bytes.windows(TestEngine::OWNER_KEY.len()).any(|part| part == TestEngine::OWNER_KEY.as_bytes());
    assert!(
        !(is_anonymous && has(CANARY)),
        "an answer repeats what was sent: {}",
        String::from_utf8_lossy(&answer)
    );
});

async fn talk(router: Router, bytes: &[u8], way: u8) -> Vec<u8> {
    let (client, server) = duplex(16 * 1024);
    let peer = Peer(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    let serving = serve_stream(server, peer, router, ServerLimits::default());
    let (mut reader, mut writer) = tokio::io::split(client);
    let asking = async {
        let size = match way & 3 {
            0 | 1 => usize::MAX,
            2 => 1 + bytes.len() / 2,
            _ => 7,
        };
        for piece in bytes.chunks(size.min(bytes.len().max(1))) {
            // Whoever has hung up reads no more.
            if writer.write_all(piece).await.is_err() {
                return;
            }
            if way & 4 != 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        if way & 8 == 0 {
            let _hung_up = writer.shutdown().await;
        }
        // What is not shut down stays open as long as the server wants it.
        if way & 8 != 0 {
            sleep(END).await;
        }
    };
    let mut talking = pin!(async {
        let mut answer = Vec::new();
        tokio::select! {
            () = async { tokio::join!(serving, async { reader.read_to_end(&mut answer).await }).0 } => {}
            () = async { asking.await; std::future::pending::<()>().await } => {}
        }
        answer
    });
    for _ in 0..CHANCES {
        if let Ok(answer) = timeout(END / 2, talking.as_mut()).await {
            return answer;
        }
        // While the store's own thread writes, nothing happens here, and all of that time has passed by itself.
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the connection does not end within its deadlines");
}
