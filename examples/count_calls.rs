//! Counts the calls that a Python program makes, by what is called: a small profiler in Rust.
//!
//! `cargo run --release --ignore-rust-version --example count_calls -- PROGRAM.py`

use seriema::events::{self, CodeRef, ToolId, Verdict};
use seriema::{Error, Python};
use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Functions by code object: file, line and name; and how often each began to run.
type Counts = HashMap<u64, (String, u64)>;

pub fn count(path: &Path) -> Result<Vec<(String, u64)>, Error> {
    let mut py = Python::builder().build()?;
    let code = py.load_file(path)?;
    let counts: Arc<Mutex<Counts>> = Arc::default();
    let sink = counts.clone();
    let tool = py.monitoring().take_tool(ToolId::PROFILER, "count_calls")?;
    let _watching = py.monitoring().watch(&tool, events::PyStart, move |_, start| {
        let mut counts = sink.lock().unwrap_or_else(|e| e.into_inner());
        counts.entry(start.code.id()).or_insert_with(|| (describe(start.code), 0)).1 += 1;
        Verdict::Continue
    })?;
    let outcome = py.run_compiled(&code);
    py.flush();
    outcome?;
    let mut table: Vec<_> = std::mem::take(&mut *counts.lock().unwrap_or_else(|e| e.into_inner()))
        .into_values()
        .filter(|(name, _)| !name.starts_with('<'))
        .collect();
    table.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(table)
}

fn describe(code: CodeRef) -> String {
    let file = code.filename();
    let file = file.rsplit('/').next().unwrap_or(&file);
    format!("{file}:{} {}", code.first_line(), code.qualname())
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: count_calls PROGRAM.py");
        return ExitCode::from(2);
    };
    match count(Path::new(&path)) {
        Ok(table) => {
            for (name, n) in table {
                println!("{n:>8}  {name}");
            }
            ExitCode::SUCCESS
        }
        Err(Error::Python { traceback, .. }) => {
            eprint!("{traceback}");
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("count_calls: {e}");
            ExitCode::FAILURE
        }
    }
}
