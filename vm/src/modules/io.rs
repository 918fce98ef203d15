//! Standard output: a buffer before the descriptor.
//!
//! Written out at each newline when it is a terminal, else when the buffer is full. A closed pipe is an
//! error to whoever writes, never a panic; what could not be written is dropped.

use std::io::{self, IsTerminal, Write};

const CAPACITY: usize = 1 << 16;

/// Where the bytes of an [`Out`] go.
pub type Sink = Box<dyn Write>;

pub struct Out {
    buffer: Vec<u8>,
    terminal: bool,
    sink: Sink,
}

impl Default for Out {
    fn default() -> Out {
        let stdout = io::stdout();
        Out { buffer: vec![], terminal: stdout.is_terminal(), sink: Box::new(stdout) }
    }
}

impl Out {
    /// Output that goes elsewhere: for embedders and tests.
    pub fn to(sink: Sink) -> Out {
        Out { buffer: vec![], terminal: false, sink }
    }
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= CAPACITY || self.terminal && text.contains('\n') {
            return self.try_flush();
        }
        Ok(())
    }
    pub fn try_flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let r = self.sink.write_all(&self.buffer).and_then(|()| self.sink.flush());
        self.buffer.clear();
        r
    }
    /// Flushes where nobody can be told of a failure.
    pub fn flush(&mut self) {
        let _ = self.try_flush();
    }
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }
}
