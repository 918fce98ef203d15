//! Seriema in a Rust program: run code, call functions, watch it with a Rust callback.
//!
//! `cargo run --release --ignore-rust-version --example embed`

use seriema::monitoring::{Event, ToolId, Verdict};
use seriema::{Error, Python};
use std::cell::Cell;
use std::rc::Rc;

fn main() -> Result<(), Error> {
    let mut py = Python::builder().build()?;
    py.exec("def area(w, h):\n    return w * h\n", "shapes.py")?;
    let area = py.global("area").expect("just defined");
    let (w, h) = (py.int(6), py.float(7.0));
    let result = py.call(&area, &[w, h])?;
    println!("area: {:?}", py.to_f64(&result));

    // Count the calls that Python code makes, without entering the interpreter for it.
    let calls = Rc::new(Cell::new(0));
    let seen = calls.clone();
    py.exec("import sys\nsys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, 'embedder')", "setup.py")?;
    py.on_event(ToolId::PROFILER, Event::Call, move |_| {
        seen.set(seen.get() + 1);
        Verdict::Continue
    });
    py.exec(
        "sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.CALL)\n\
         total = 0\nfor i in range(10):\n    total += area(i, 2)\n\
         sys.monitoring.set_events(sys.monitoring.PROFILER_ID, 0)\n",
        "watched.py",
    )?;
    println!("calls seen: {}", calls.get());
    Ok(())
}
