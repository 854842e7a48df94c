//! An answer of the admin port.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::pace::Answering;

const TEXT: &str = "text/plain; charset=utf-8";
/// The type of a page in JSON.
pub(super) const JSON: &str = "application/json";

/// An answer of a status and a text.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Reply {
    status: StatusCode,
    text: String,
}

impl Reply {
    /// An answer with this status and text.
    pub(super) fn new(status: StatusCode, text: &str) -> Reply {
        Reply {
            status,
            text: text.to_owned(),
        }
    }

    /// As HTTP has it.
    pub(super) fn into_response(self) -> Response<Page> {
        let mut response = response(TEXT, Page::whole(self.text));
        *response.status_mut() = self.status;
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }
}

/// A good answer with a body of this type.
pub(super) fn response(content_type: &'static str, page: Page) -> Response<Page> {
    let mut response = Response::new(page);
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The headers of a good answer whose body is not made: what HEAD is told of a page that costs much.
pub(super) fn headers_alone(content_type: &'static str) -> Response<Page> {
    response(content_type, Page::pieces(futures_util::stream::empty()))
}

/// As [`headers_alone`], of a text.
pub(super) fn text_headers_alone() -> Response<Page> {
    headers_alone(TEXT)
}

type Pieces = Pin<Box<dyn Stream<Item = Bytes>>>;

enum Content {
    Whole(Option<Bytes>),
    Pieces(Pieces),
}

/// The body of an answer.
pub(super) struct Page {
    content: Content,
    answering: Option<Answering>,
}

impl Page {
    /// A body that is there.
    pub(super) fn whole(text: String) -> Page {
        let bytes = Bytes::from(text);
        Page {
            content: Content::Whole((!bytes.is_empty()).then_some(bytes)),
            answering: None,
        }
    }

    /// A body that is made piece by piece, as the client takes it. Pieces are not empty.
    pub(super) fn pieces(pieces: impl Stream<Item = Bytes> + 'static) -> Page {
        Page {
            content: Content::Pieces(Box::pin(pieces)),
            answering: None,
        }
    }

    /// Holds `answering` for as long as the body is there.
    pub(super) fn hold(&mut self, answering: Answering) {
        self.answering = Some(answering);
    }
}

impl Body for Page {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.content {
            Content::Whole(bytes) => Poll::Ready(bytes.take()),
            Content::Pieces(pieces) => pieces.as_mut().poll_next(cx),
        };
        next.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                let size = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(size).unwrap_or(u64::MAX))
            }
            Content::Pieces(_) => SizeHint::default(),
        }
    }
}
