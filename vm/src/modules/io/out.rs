//! Where standard output goes: descriptor 1, or a Rust writer of the embedder's.

use std::io::{self, Write};

/// Where the bytes of an [`Out`] go.
pub type Sink = Box<dyn Write>;

/// The embedder's writer, if any. The buffers before it are those of `sys.stdout`.
#[derive(Default)]
pub struct Out {
    sink: Option<Sink>,
}

impl Out {
    /// Output that goes elsewhere: for embedders and tests.
    pub fn to(sink: Sink) -> Out {
        Out { sink: Some(sink) }
    }
    pub fn is_redirected(&self) -> bool {
        self.sink.is_some()
    }
    /// `None`: it goes to the descriptor.
    pub fn write(&mut self, bytes: &[u8]) -> Option<io::Result<()>> {
        let sink = self.sink.as_mut()?;
        Some(sink.write_all(bytes).and_then(|()| sink.flush()))
    }
}
