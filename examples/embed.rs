//! Seriema in a Rust program: run code, call functions, watch it with a Rust closure.
//!
//! `cargo run --release --ignore-rust-version --example embed`

use seriema::events::{self, ToolId, Verdict};
use seriema::{Error, Python};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> Result<(), Error> {
    let mut py = Python::builder().build()?;
    py.exec("def area(w, h):\n    return w * h\n", "shapes.py")?;
    let area = py.global("area").expect("just defined");
    let (w, h) = (py.int(6), py.float(7.0));
    let result = py.call(&area, &[w, h])?;
    println!("area: {:?}", py.to_f64(&result));

    // Count the calls that Python code makes, without entering the interpreter for it.
    let calls = Arc::new(AtomicU64::new(0));
    let seen = calls.clone();
    let tool = py.monitoring().take_tool(ToolId::PROFILER, "embedder")?;
    let watching = py.monitoring().watch(&tool, events::Call, move |_, _| {
        seen.fetch_add(1, Ordering::Relaxed);
        Verdict::Continue
    })?;
    py.exec("total = 0\nfor i in range(10):\n    total += area(i, 2)\n", "watched.py")?;
    drop(watching);
    println!("calls seen: {}", calls.load(Ordering::Relaxed));
    Ok(())
}
