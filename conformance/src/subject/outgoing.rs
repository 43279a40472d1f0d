//! What a subject takes of what it is sent, and when it does.
//!
//! One that has no room for more is waited for, and not always in vain: whoever
//! reads again later is to find whole messages.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The sending half of a connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// The end of a message of which only a piece was taken.
    rest: Vec<u8>,
    is_stalled: bool,
}

impl Outgoing {
    /// Whether the subject took nothing the last time.
    pub(super) const fn is_stalled(&self) -> bool {
        self.is_stalled
    }

    /// Sends a message, after what is left of the one before; it is dropped where nothing of it was
    /// taken within `limit`.
    pub(super) async fn write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        message: &[u8],
        limit: Duration,
    ) -> Result<(), String> {
        let earlier = self.rest.len();
        let mut bytes = core::mem::take(&mut self.rest);
        bytes.extend(message);
        let mut taken = 0;
        let writing = async {
            while let Some(left) = bytes.get(taken..).filter(|left| !left.is_empty()) {
                match stream.write(left).await? {
                    0 => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                    count => taken += count,
                }
            }
            // A record or a frame is not to wait for the next one.
            stream.flush().await
        };
        let outcome = timeout(limit, writing).await;
        self.is_stalled = outcome.is_err();
        match outcome {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => {
                let end = if taken > earlier {
                    bytes.len()
                } else {
                    earlier
                };
                self.rest = bytes.get(taken..end).unwrap_or_default().to_vec();
                Err(format!(
                    "the subject does not read for {} ms",
                    limit.as_millis()
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// Long enough for what a pipe in this process takes at once.
    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn whoever_reads_again_finds_whole_messages() {
        let (mut ours, mut theirs) = tokio::io::duplex(4);
        let mut outgoing = Outgoing::default();
        assert!(outgoing.write(&mut ours, b"abcdef", SHORT).await.is_err());
        assert!(outgoing.is_stalled());
        // The end of the first one has not gone yet, so that nothing else does.
        assert!(outgoing.write(&mut ours, b"lost", SHORT).await.is_err());
        let mut read = [0; 4];
        theirs.read_exact(&mut read).await.unwrap();
        assert_eq!(outgoing.write(&mut ours, b"gh", SHORT).await, Ok(()));
        assert!(!outgoing.is_stalled());
        let mut more = [0; 4];
        theirs.read_exact(&mut more).await.unwrap();
        assert_eq!([read, more].concat(), b"abcdefgh");
    }
}
