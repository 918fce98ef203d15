//! Line coverage of a Python program, for each code object in its file: the lines that ran and those that did
//! not. Each line costs one event: the closure answers `Disable`, and the interpreter runs it unwatched, or
//! natively, ever after.
//!
//! `cargo run --release --ignore-rust-version --example line_coverage -- PROGRAM.py`

use seriema::events::{self, CodeRef, ToolId, Verdict};
use seriema::{Error, Python, Value};
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Lines that ran, with the code object they belong to.
type Hits = HashSet<(u64, u32)>;

pub fn cover(path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let mut py = Python::builder().build()?;
    let code = py.load_file(path)?;
    let hits: Arc<Mutex<Hits>> = Arc::default();
    let sink = hits.clone();
    let tool = py.monitoring().take_tool(ToolId::COVERAGE, "line_coverage")?;
    let _watching = py.monitoring().watch(&tool, events::Line, move |_, at| {
        sink.lock().unwrap_or_else(|e| e.into_inner()).insert((at.code.id(), at.line));
        Verdict::Disable
    })?;
    let outcome = py.run_compiled(&code);
    py.flush();
    report(&code, &hits.lock().unwrap_or_else(|e| e.into_inner()), out).map_err(Error::Io)?;
    outcome.map(drop)
}

fn report(code: &Value, hits: &Hits, out: &mut impl Write) -> std::io::Result<()> {
    let (mut all, mut missed) = (0, 0);
    let mut todo: Vec<CodeRef> = CodeRef::of(code).into_iter().collect();
    while let Some(code) = todo.pop() {
        let lines = code.lines();
        let (hit, miss): (Vec<u32>, Vec<u32>) = lines.iter().partition(|&&l| hits.contains(&(code.id(), l)));
        writeln!(out, "{}: {} of {} lines", code.qualname(), hit.len(), lines.len())?;
        writeln!(out, "    hit     {}", ranges(&hit))?;
        writeln!(out, "    missed  {}", ranges(&miss))?;
        all += lines.len();
        missed += miss.len();
        let mut inner: Vec<CodeRef> = code.inner().collect();
        inner.reverse();
        todo.extend(inner);
    }
    let percent = if all == 0 { 100.0 } else { (all - missed) as f64 * 100.0 / all as f64 };
    writeln!(out, "total: {percent:.0}% of {all} lines")
}

/// `1-3, 7`; `-` if there is none.
fn ranges(lines: &[u32]) -> String {
    let parts: Vec<String> = lines
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [one] => one.to_string(),
            [first, .., last] => format!("{first}-{last}"),
            [] => String::new(),
        })
        .collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: line_coverage PROGRAM.py");
        return ExitCode::from(2);
    };
    match cover(Path::new(&path), &mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Python { traceback, .. }) => {
            eprint!("{traceback}");
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("line_coverage: {e}");
            ExitCode::FAILURE
        }
    }
}
