//! An upstream's body, under deadlines and without our values.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::events::{EventStream, are_events};
use super::gathered::Gathered;
use super::report::{BodyEnd, BodyError, BodyReport};
use crate::scrub::Scrubber;
use crate::timeouts::Deadline;

type Told = Box<dyn FnOnce(BodyReport) + Send>;

/// The body that the caller is sent: each piece as it comes, without our values; pieces that have come together go
/// together, but none waits for one that is still to come. When the upstream's breaks off, or
/// a deadline passes, this one *fails*, so that the server resets the caller's stream or connection and the answer
/// never looks complete; a stream of events is told so first, if it stands between two events. Trailers are left out.
/// Dropping it ends the upstream's connection, and with it the request.
///
/// An answer over plain HTTP with neither a length nor chunks ends where its connection does (RFC 9112 6.3, 8): there,
/// and only there, an upstream that dies looks like one that is done. Over TLS the end is signed.
pub struct UpstreamBody<B = Incoming> {
    /// None once it has ended.
    upstream: Option<B>,
    scrubber: Scrubber,
    deadline: Deadline,
    idle: Option<Pin<Box<Sleep>>>,
    /// Whether nothing has come since the upstream was last waited for.
    is_waiting: bool,
    gathered: Gathered,
    events: Option<EventStream>,
    failing: Option<Failing>,
    bytes: u64,
    told: Option<Told>,
}

/// How far a failure has got.
struct Failing {
    error: BodyError,
    last_words: Option<Bytes>,
    /// Whether the server has had its turn to send what was given to it before; a server that is told of an error
    /// throws away what it has not sent.
    has_yielded: bool,
}

impl<B> UpstreamBody<B> {
    /// The body of an answer with these headers, which are the upstream's. `told` is called once.
    pub fn new(
        upstream: B,
        headers: &HeaderMap,
        scrubber: Scrubber,
        deadline: Deadline,
        told: impl FnOnce(BodyReport) + Send + 'static,
    ) -> Self {
        Self {
            upstream: Some(upstream),
            scrubber,
            deadline,
            idle: None,
            is_waiting: false,
            gathered: Gathered::default(),
            events: are_events(headers).then(EventStream::default),
            failing: None,
            bytes: 0,
            told: Some(Box::new(told)),
        }
    }

    fn tell(&mut self, end: BodyEnd) {
        if let Some(told) = self.told.take() {
            told(BodyReport { bytes: self.bytes, redacted: self.scrubber.found(), end });
        }
    }

    fn pass(&mut self, chunk: Bytes) {
        if let Some(events) = &mut self.events {
            events.passed(&chunk);
        }
        self.gathered.push(chunk);
    }

    /// Lets go of the upstream, and of what was held back of it.
    fn fail(&mut self, error: BodyError) {
        self.upstream = None;
        let last_words = self.events.as_ref().and_then(|events| events.error(error));
        self.failing = Some(Failing { error, last_words, has_yielded: false });
        self.tell(BodyEnd::Failed(error));
    }

    fn poll_failing(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(failing) = &mut self.failing else { return Poll::Ready(None) };
        if let Some(last_words) = failing.last_words.take() {
            return Poll::Ready(Some(Ok(Frame::data(last_words))));
        }
        if !std::mem::replace(&mut failing.has_yielded, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(failing.error)))
    }

    /// Ready when nothing has come for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The time counts from when the upstream is waited for: what the caller takes to read is not the upstream's.
        let duration = self.deadline.idle;
        let was_waiting = std::mem::replace(&mut self.is_waiting, true);
        let idle = match &mut self.idle {
            Some(idle) => {
                if !was_waiting {
                    // Moves the end of a timer that goes on running, which costs no more than to read the time.
                    idle.as_mut().reset(now() + duration);
                }
                idle
            }
            None => self.idle.insert(Box::pin(sleep(duration))),
        };
        idle.as_mut().poll(cx)
    }
}

#[expect(clippy::disallowed_methods, reason = "a timer of the runtime is set in the runtime's time")]
fn now() -> Instant {
    Instant::now()
}

impl<B: Body<Data = Bytes> + Unpin> Body for UpstreamBody<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        // An upstream that never pauses does not escape it.
        if this.upstream.is_some() && this.deadline.poll_over(cx).is_ready() {
            this.fail(BodyError::TooLong);
        }
        loop {
            if this.upstream.is_none() || this.gathered.is_full() {
                // What came before an end is not lost by it.
                if let Some(gathered) = this.gathered.take(now()) {
                    return Poll::Ready(Some(Ok(Frame::data(gathered))));
                }
            }
            let Some(upstream) = &mut this.upstream else { return this.poll_failing(cx) };
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.is_waiting = false;
                    let Ok(chunk) = frame.into_data() else { continue };
                    this.bytes = this.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                    let chunk = this.scrubber.push(chunk);
                    this.pass(chunk);
                }
                Poll::Ready(Some(Err(_))) => this.fail(BodyError::Broken),
                Poll::Ready(None) => {
                    this.upstream = None;
                    let rest = this.scrubber.finish();
                    this.tell(BodyEnd::Complete);
                    this.pass(rest);
                }
                Poll::Pending => {
                    if let Some(gathered) = ready!(this.gathered.poll_take(cx, now())) {
                        return Poll::Ready(Some(Ok(Frame::data(gathered))));
                    }
                    match this.poll_idle(cx) {
                        Poll::Ready(()) => this.fail(BodyError::Idle),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }
}

impl<B> Drop for UpstreamBody<B> {
    fn drop(&mut self) {
        self.tell(BodyEnd::Dropped);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use http::HeaderValue;
    use http::header::CONTENT_TYPE;
    use http_body_util::BodyExt;
    use keyholt_types::SecretValue;
    use tokio::sync::mpsc;

    use super::*;
    use crate::timeouts::Timeouts;

    /// What comes from the upstream: its end is clean only with `None`.
    type Sender = mpsc::UnboundedSender<Option<Frame<Bytes>>>;

    struct Scripted(mpsc::UnboundedReceiver<Option<Frame<Bytes>>>);

    impl Body for Scripted {
        type Data = Bytes;
        type Error = ();

        fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
            self.get_mut().0.poll_recv(cx).map(|received| received.map_or(Some(Err(())), |frame| frame.map(Ok)))
        }
    }

    struct Setting {
        upstream: Sender,
        body: UpstreamBody<Scripted>,
        report: Arc<Mutex<Vec<BodyReport>>>,
    }

    impl Setting {
        fn new(media_type: &'static str) -> Self {
            let (upstream, receiver) = mpsc::unbounded_channel();
            let report = Arc::new(Mutex::new(Vec::new()));
            let told = Arc::clone(&report);
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
            let secret = SecretValue::parse("sk-private-0123".to_owned()).unwrap();
            let body = UpstreamBody::new(
                Scripted(receiver),
                &headers,
                Scrubber::new(&[&secret]),
                Timeouts::default().start(),
                move |report| told.lock().unwrap().push(report),
            );
            Self { upstream, body, report }
        }

        fn say(&self, text: &'static str) {
            self.upstream.send(Some(Frame::data(Bytes::from(text)))).unwrap();
        }

        async fn next(&mut self) -> Option<Result<String, BodyError>> {
            let frame = self.body.frame().await?;
            Some(frame.map(|frame| String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()))
        }

        async fn said(&mut self, text: &'static str) {
            self.say(text);
            assert_eq!(self.next().await, Some(Ok(text.to_owned())));
        }

        fn told(&self) -> BodyReport {
            let reports = self.report.lock().unwrap();
            assert_eq!(reports.len(), 1, "{reports:?}");
            reports[0]
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_piece_is_passed_on_as_it_comes() {
        let mut setting = Setting::new("text/event-stream");
        setting.said("data: a\n\n").await;
        setting.said("data: b\n\n").await;
        setting.upstream.send(Some(Frame::trailers(HeaderMap::new()))).unwrap();
        setting.upstream.send(None).unwrap();
        assert_eq!(setting.next().await, None);
        assert_eq!(setting.told(), BodyReport { bytes: 18, redacted: 0, end: BodyEnd::Complete });
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_that_have_come_together_go_together() {
        let mut setting = Setting::new("text/event-stream");
        setting.said("data: a\n\n").await;
        setting.say("data: sk-private-");
        setting.say("0123\n\n");
        setting.say("data: c\n\n");
        assert_eq!(setting.next().await, Some(Ok("data: [redacted]\n\ndata: c\n\n".to_owned())));
        // What came before the end goes before it.
        setting.say("data: d\n\n");
        setting.upstream.send(None).unwrap();
        assert_eq!(setting.next().await, Some(Ok("data: d\n\n".to_owned())));
        assert_eq!(setting.next().await, None);
        assert_eq!(setting.told(), BodyReport { bytes: 50, redacted: 1, end: BodyEnd::Complete });
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_comes_before_what_went_wrong_after_it() {
        let mut setting = Setting::new("text/event-stream");
        setting.say("data: a\n\n");
        setting.say("data: b\n\n");
        let (upstream, _) = mpsc::unbounded_channel();
        drop(std::mem::replace(&mut setting.upstream, upstream));
        assert_eq!(setting.next().await, Some(Ok("data: a\n\ndata: b\n\n".to_owned())));
        assert!(setting.next().await.unwrap().unwrap().starts_with("event: error\n"));
        assert_eq!(setting.next().await, Some(Err(BodyError::Broken)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_waits_for_one_turn_of_its_upstream_and_no_longer() {
        let mut setting = Setting::new("text/event-stream");
        setting.said("a").await;
        setting.say("b");
        assert!(is_silent(&mut setting).await);
        setting.say("d");
        assert!(is_silent(&mut setting).await);
        let start = sleep(Duration::ZERO).deadline();
        assert_eq!(setting.next().await, Some(Ok("bd".to_owned())));
        assert_eq!(sleep(Duration::ZERO).deadline(), start);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_taken_out_and_counted() {
        let mut setting = Setting::new("application/json");
        setting.say("bad key sk-priv");
        assert_eq!(setting.next().await, Some(Ok("bad key ".to_owned())));
        setting.say("ate-0123, sk-");
        assert_eq!(setting.next().await, Some(Ok("[redacted], ".to_owned())));
        setting.upstream.send(None).unwrap();
        assert_eq!(setting.next().await, Some(Ok("sk-".to_owned())));
        assert_eq!(setting.next().await, None);
        assert_eq!(setting.told(), BodyReport { bytes: 28, redacted: 1, end: BodyEnd::Complete });
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_off_fails_and_lets_go_of_nothing_more() {
        let mut setting = Setting::new("application/json");
        setting.say("bad key sk-priv");
        assert_eq!(setting.next().await, Some(Ok("bad key ".to_owned())));
        let (upstream, _) = mpsc::unbounded_channel();
        drop(std::mem::replace(&mut setting.upstream, upstream));
        assert_eq!(setting.next().await, Some(Err(BodyError::Broken)));
        assert_eq!(setting.next().await, Some(Err(BodyError::Broken)));
        assert_eq!(setting.told().end, BodyEnd::Failed(BodyError::Broken));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_events_is_told_of_an_error_between_two_of_them() {
        let mut setting = Setting::new("text/event-stream; charset=utf-8");
        setting.said("data: a\n\n").await;
        let last_words = setting.next().await.unwrap().unwrap();
        assert!(
            last_words.starts_with("event: error\ndata: {") && last_words.ends_with("}\n\n"),
            "{last_words}"
        );
        assert_eq!(setting.next().await, Some(Err(BodyError::Idle)));

        let mut setting = Setting::new("text/event-stream");
        setting.said("data: {\"a\":").await;
        assert_eq!(setting.next().await, Some(Err(BodyError::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upstream_may_be_silent_for_a_minute() {
        let mut setting = Setting::new("application/json");
        let start = sleep(Duration::ZERO).deadline();
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(59)).await;
            setting.said("a").await;
        }
        assert_eq!(setting.next().await, Some(Err(BodyError::Idle)));
        let end = sleep(Duration::ZERO).deadline();
        assert_eq!((end - start).as_secs(), 3 * 59 + 60);
        assert_eq!(setting.told(), BodyReport { bytes: 3, redacted: 0, end: BodyEnd::Failed(BodyError::Idle) });
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_not_the_upstreams_fault() {
        let mut setting = Setting::new("application/json");
        assert!(is_silent(&mut setting).await);
        setting.say("a");
        tokio::time::advance(Duration::from_secs(300)).await;
        assert_eq!(setting.next().await, Some(Ok("a".to_owned())));
        assert!(is_silent(&mut setting).await);
        tokio::time::advance(Duration::from_secs(59)).await;
        setting.said("b").await;
    }

    /// Looks once whether there is something; starts the waiting.
    async fn is_silent(setting: &mut Setting) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut setting.body).poll_frame(cx).is_pending())).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_a_quarter_of_an_hour_at_most() {
        let mut setting = Setting::new("application/json");
        for _ in 0..15 {
            setting.said("a").await;
            tokio::time::advance(Duration::from_secs(59)).await;
        }
        setting.said("a").await;
        tokio::time::advance(Duration::from_secs(15)).await;
        // It does not escape by always having something to say.
        setting.say("b");
        assert_eq!(setting.next().await, Some(Err(BodyError::TooLong)));
        assert_eq!(setting.told().end, BodyEnd::Failed(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_ends_the_upstreams_answer() {
        let mut setting = Setting::new("application/json");
        setting.said("a").await;
        let Setting { upstream, body, report } = setting;
        drop(body);
        assert!(upstream.is_closed());
        let expected = BodyReport { bytes: 1, redacted: 0, end: BodyEnd::Dropped };
        assert_eq!(*report.lock().unwrap(), [expected]);
    }
}
