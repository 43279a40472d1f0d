//! A WebSocket as a stream of bytes.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::config;

/// Most bytes that are put into one frame.
const MAX_WRITE: usize = 16 * 1024;

/// The binary messages of a WebSocket as a stream of bytes. How the bytes are
/// cut into messages means nothing.
///
/// A text message, a message that is too long and a broken frame are refused by
/// a Close that says why, and are an error of reading. The end of sending is a
/// Close too, after which nothing can be received: there is no half of a
/// WebSocket to close.
///
/// Both directions are for one task; the wake-up of the other one may be lost.
#[derive(Debug)]
pub struct ByteStream<S> {
    socket: WebSocketStream<S>,
    /// What is left of the message that came last.
    left: Bytes,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The peer was told what is wrong; what it sends until it closes is
    /// dropped.
    Refused,
    /// As `Refused`, but what it sends can no longer be told apart.
    Lost,
    /// Nothing comes any more.
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ByteStream<S> {
    /// The server's end of a connection on which the upgrade to WebSocket is
    /// done. `max_message` is the most bytes of one WebSocket message.
    pub async fn server(stream: S, max_message: usize) -> Self {
        let config = Some(config(max_message));
        Self::new(WebSocketStream::from_raw_socket(stream, Role::Server, config).await)
    }

    /// The device's end of a connection on which the upgrade to WebSocket is
    /// done. `max_message` is the most bytes of one WebSocket message.
    pub async fn client(stream: S, max_message: usize) -> Self {
        let config = Some(config(max_message));
        Self::new(WebSocketStream::from_raw_socket(stream, Role::Client, config).await)
    }

    pub(super) const fn new(socket: WebSocketStream<S>) -> Self {
        Self {
            socket,
            left: Bytes::new(),
            state: State::Open,
        }
    }

    /// Tells the peer, if it takes it now, and makes an error of it.
    fn refuse(&mut self, cx: &mut Context<'_>, code: CloseCode, why: &'static str) -> io::Error {
        let mut socket = Pin::new(&mut self.socket);
        if let Poll::Ready(Ok(())) = socket.as_mut().poll_ready(cx) {
            let frame = CloseFrame {
                code,
                reason: why.into(),
            };
            // Where it cannot be said, the end of the connection has to do.
            let _ = socket.as_mut().start_send(Message::Close(Some(frame)));
            let _ = socket.poll_flush(cx);
        }
        io::Error::new(io::ErrorKind::InvalidData, why)
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let received = match self.state {
                State::Open | State::Refused => ready!(Pin::new(&mut self.socket).poll_next(cx)),
                State::Lost => {
                    ready!(self.poll_drain(cx));
                    self.state = State::Ended;
                    continue;
                }
                State::Ended => return Poll::Ready(Ok(())),
            };
            let is_open = self.state == State::Open;
            match received {
                Some(Ok(Message::Binary(bytes))) if is_open && !bytes.is_empty() => {
                    self.left = bytes;
                    return Poll::Ready(Ok(()));
                }
                Some(Ok(Message::Text(_))) if is_open => {
                    self.state = State::Refused;
                    let why = "a text message; only binary ones are taken";
                    return Poll::Ready(Err(self.refuse(cx, CloseCode::Unsupported, why)));
                }
                Some(Ok(Message::Close(_))) => {
                    self.state = State::Ended;
                    // The answer; what the transport does not take now goes with the shutdown.
                    let _ = Pin::new(&mut self.socket).poll_flush(cx);
                }
                Some(Ok(_)) => {}
                None => self.state = State::Ended,
                Some(Err(error)) => {
                    self.state = State::Lost;
                    let refusal = match error {
                        Error::Io(error) => return Poll::Ready(Err(error)),
                        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                            self.state = State::Ended;
                            let kind = io::ErrorKind::UnexpectedEof;
                            let error =
                                io::Error::new(kind, "the connection ended without a Close");
                            return Poll::Ready(Err(error));
                        }
                        Error::Capacity(_) => (CloseCode::Size, "a message that is too long"),
                        Error::Utf8(_) => (CloseCode::Invalid, "a text message that is not UTF-8"),
                        _ => (CloseCode::Protocol, "a broken frame"),
                    };
                    if is_open {
                        return Poll::Ready(Err(self.refuse(cx, refusal.0, refusal.1)));
                    }
                }
            }
        }
    }

    /// Drops what the peer sends until it stops: to close over unread bytes
    /// would reset the connection, and the peer might never learn why.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = Pin::new(self.socket.get_mut()).poll_read(cx, &mut buffer);
            if ready!(read).is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ByteStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left.is_empty() {
            ready!(this.receive(cx))?;
        }
        let count = this.left.len().min(buffer.remaining());
        buffer.put_slice(&this.left.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ByteStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut socket = Pin::new(&mut self.get_mut().socket);
        ready!(socket.as_mut().poll_ready(cx)).map_err(failed)?;
        let bytes = bytes.get(..MAX_WRITE).unwrap_or(bytes);
        if !bytes.is_empty() {
            let message = Message::Binary(Bytes::copy_from_slice(bytes));
            socket.start_send(message).map_err(failed)?;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = Pin::new(&mut self.get_mut().socket);
        socket.poll_flush(cx).map_err(failed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = Pin::new(&mut self.get_mut().socket);
        socket.poll_close(cx).map_err(failed)
    }
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::SendAfterClosing) => io::ErrorKind::BrokenPipe.into(),
        error => io::Error::other(error),
    }
}
