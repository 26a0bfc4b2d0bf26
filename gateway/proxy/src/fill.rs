//! Reading from a socket into a buffer that need not exist before something has come.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// How much is read at once where nobody knows what comes.
pub(crate) const READ_SIZE: usize = 16 * 1024;

/// Makes room for the next of a long body, `most` bytes of it, which are then read without a copy; `length` is what is
/// left of it.
pub(crate) fn expect(input: &mut BytesMut, length: u64, most: usize) {
    if length > READ_SIZE as u64 {
        input.reserve(usize::try_from(length).unwrap_or(most).min(most));
    }
}

/// Reads what there is: into the room that was made for it, or by way of the stack, so that who waits holds no buffer.
pub(crate) fn poll_fill<S: AsyncRead + Unpin>(
    stream: &mut S,
    input: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if input.capacity() - input.len() >= READ_SIZE {
        return poll_read_buf(Pin::new(stream), cx, input);
    }
    let mut room = [MaybeUninit::uninit(); READ_SIZE];
    let mut read = ReadBuf::uninit(&mut room);
    ready!(Pin::new(stream).poll_read(cx, &mut read))?;
    input.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}
