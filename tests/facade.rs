//! Monitoring through the facade: what closures see, and what they may do from inside an event: drop their own
//! guard, register others, free their tool, panic.
//!
//! Each test runs with the JIT off and with it on from the first round.

use seriema::events::{self, EventSet, MonitorError, Registration, Tool, ToolId, Verdict, code_of};
use seriema::{Error, JitOptions, Mode, Python};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

#[allow(dead_code)]
#[path = "../examples/count_calls.rs"]
mod count_calls;
#[allow(dead_code)]
#[path = "../examples/line_coverage.rs"]
mod line_coverage;

const LOOP: &str = "def f(n):
    t = 0
    for i in range(n):
        t += i
    return t
";

fn each_mode(test: impl Fn(&mut Python)) {
    for mode in [Mode::Off, Mode::On] {
        let options = JitOptions { mode, hot: 20, ..JitOptions::default() };
        let mut py = Python::builder().jit(options).build().expect("starts");
        py.exec(LOOP, "loop.py").expect("defines f");
        test(&mut py);
        // Whatever happened, the machine works.
        let v = py.eval("f(1000)", "after.py").expect("runs");
        assert_eq!(py.to_i64(&v), Some(499_500));
    }
}

fn run(py: &mut Python, source: &str) -> Result<(), Error> {
    py.exec(source, "test.py")
}

#[derive(Clone, Default)]
struct Count(Arc<AtomicU64>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn every_shape_arrives_typed() {
    each_mode(|py| {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "test").unwrap();
        let mut guards: Vec<Registration> = vec![];
        macro_rules! hear {
            ($($event:ident |$m:ident, $e:ident| $text:expr;)*) => { $({
                let log = log.clone();
                guards.push(py.monitoring().watch(&tool, events::$event, move |$m, $e| {
                    if $e.code.filename() == "shapes.py" {
                        log.lock().unwrap().push(format!("{} {}", $e.event, $text));
                    }
                    Verdict::Continue
                }).unwrap());
            })* };
        }
        hear! {
            PyStart |_m, e| e.offset;
            PyReturn |m, e| format!("{} {}", e.offset, m.class_name(e.value));
            Line |_m, e| e.line;
            Call |m, e| format!("{} {} {:?}", e.offset, m.class_name(e.callable), e.arg0.map(|v| m.class_name(v)));
            CReturn |m, e| format!("{} {}", e.offset, m.class_name(e.callable));
            Raise |m, e| m.class_name(e.exception);
            ExceptionHandled |m, e| m.class_name(e.exception);
            Branch |_m, e| format!("{} -> {}", e.offset, e.destination);
        }
        py.exec(
            "def g(x):\n    if x:\n        abs(x)\n    raise KeyError(x)\ntry: g(1)\nexcept KeyError: pass",
            "shapes.py",
        )
        .unwrap();
        drop(guards);
        let log = log.lock().unwrap().join("\n");
        let names = "PY_START PY_RETURN LINE CALL C_RETURN RAISE EXCEPTION_HANDLED BRANCH_LEFT";
        for name in names.split(' ') {
            assert!(log.lines().any(|l| l.starts_with(&format!("{name} "))), "no {name} in\n{log}");
        }
        for line in ["LINE 5", "PY_START 0", "RAISE KeyError", "EXCEPTION_HANDLED KeyError"] {
            assert!(log.lines().any(|l| l == line), "no {line} in\n{log}");
        }
        assert!(log.contains(" builtin_function_or_method Some(\"int\")\nC_RETURN"), "{log}");
        assert_eq!(log.matches("PY_RETURN").count(), 1, "g does not return\n{log}");
    });
}

#[test]
fn guards_take_everything_away() {
    each_mode(|py| {
        let count = Count::default();
        let seen = count.clone();
        let tool = py.monitoring().take_tool(ToolId::PROFILER, "test").unwrap();
        let guard = py.monitoring().watch(&tool, events::PyStart, move |_, _| {
            seen.add();
            Verdict::Continue
        });
        let guard = guard.unwrap();
        run(py, "f(1)").unwrap();
        assert_eq!(count.get(), 2, "the module and f");
        drop(guard);
        assert_eq!(py.monitoring().events(&tool), Ok(EventSet::empty()));
        run(py, "f(1)").unwrap();
        assert_eq!(count.get(), 2);
        assert_eq!(Arc::strong_count(&count.0), 1, "the closure is gone");
        drop(tool);
        run(py, "import sys\nassert sys.monitoring.get_tool(2) is None").unwrap();
    });
}

#[test]
fn a_guard_of_what_was_replaced_takes_nothing_away() {
    each_mode(|py| {
        let (first, second) = (Count::default(), Count::default());
        let tool = py.monitoring().take_tool(ToolId::PROFILER, "test").unwrap();
        let add = |c: &Count| {
            let c = c.clone();
            move |_: &mut events::Monitoring<'_>, _: events::At<'_>| {
                c.add();
                Verdict::Continue
            }
        };
        let old = py.monitoring().on(&tool, events::PyStart, add(&first)).unwrap();
        let new = py.monitoring().on(&tool, events::PyStart, add(&second)).unwrap();
        drop(old);
        py.monitoring().set_events(&tool, EventSet::PY_START).unwrap();
        run(py, "f(1)").unwrap();
        assert_eq!((first.get(), second.get()), (0, 2));
        // The program frees the id and takes it for itself: the old owner's guard does not free it.
        run(py, "import sys; m = sys.monitoring; m.free_tool_id(2); m.use_tool_id(2, 'program')").unwrap();
        drop((new, tool));
        run(py, "assert m.get_tool(2) == 'program'; m.free_tool_id(2)").unwrap();
    });
}

#[test]
fn disable_is_for_the_site() {
    each_mode(|py| {
        let count = Count::default();
        let seen = count.clone();
        let tool = py.monitoring().take_tool(ToolId::COVERAGE, "test").unwrap();
        let _guard = py.monitoring().watch(&tool, events::Line, move |_, at| {
            if at.code.name() == "f" {
                seen.add();
            }
            Verdict::Disable
        });
        run(py, "f(1000); f(1000)").unwrap();
        assert_eq!(count.get(), 5, "lines 2, 3 (twice a line start), 4 and 5");
        py.monitoring().restart_events();
        run(py, "f(1000)").unwrap();
        assert_eq!(count.get(), 10);
    });
}

#[test]
fn refusals_are_errors() {
    each_mode(|py| {
        let mut m = py.monitoring();
        let free = ToolId::DEBUGGER;
        assert_eq!(m.set_events(free, EventSet::LINE), Err(MonitorError::NotInUse(0)));
        let tool = m.take_tool(free, "test").unwrap();
        assert_eq!(m.take_tool(free, "again").unwrap_err(), MonitorError::InUse(0));
        assert_eq!(m.take_tool(ToolId::TRACE, "internal").unwrap_err(), MonitorError::InvalidTool(7));
        assert_eq!(m.set_events(&tool, EventSet::C_RAISE), Err(MonitorError::Independent));
        let ignored = m.on(ToolId::TRACE, events::Line, |_, _| Verdict::Continue);
        assert_eq!(ignored.unwrap_err(), MonitorError::InvalidTool(7));
    });
}

#[test]
fn a_closure_drops_its_own_guard() {
    each_mode(|py| {
        let count = Count::default();
        let own: Arc<Mutex<Option<Registration>>> = Arc::default();
        let tool = py.monitoring().take_tool(ToolId::COVERAGE, "test").unwrap();
        let (seen, mine) = (count.clone(), own.clone());
        let guard = py.monitoring().watch(&tool, events::Line, move |_, _| {
            seen.add();
            if seen.get() == 3 {
                drop(mine.lock().unwrap().take());
            }
            Verdict::Continue
        });
        *own.lock().unwrap() = Some(guard.unwrap());
        run(py, "f(1000)").unwrap();
        assert_eq!(count.get(), 3);
        assert_eq!(Arc::strong_count(&count.0), 1, "the closure is gone");
    });
}

#[test]
fn a_closure_frees_its_tool_and_takes_it_again() {
    each_mode(|py| {
        let count = Count::default();
        type Own = Option<(Tool, Option<Registration>)>;
        let own: Arc<Mutex<Own>> = Arc::default();
        let tool = py.monitoring().take_tool(ToolId::COVERAGE, "test").unwrap();
        let (seen, mine) = (count.clone(), own.clone());
        let guard = py.monitoring().watch(&tool, events::Line, move |m, _| {
            seen.add();
            if seen.get() == 3 {
                drop(mine.lock().unwrap().take());
                // It is free when this event is over, not yet now.
                assert!(m.take_tool(ToolId::COVERAGE, "too early").is_err());
            }
            Verdict::Disable
        });
        *own.lock().unwrap() = Some((tool, guard.ok()));
        run(py, "f(1000)").unwrap();
        assert_eq!(count.get(), 3);
        run(py, "import sys\nassert sys.monitoring.get_tool(1) is None").unwrap();
        assert_eq!(sets(py), 0);
    });
}

/// How many tools have global events.
fn sets(py: &mut Python) -> usize {
    let ids = [ToolId::DEBUGGER, ToolId::COVERAGE, ToolId::PROFILER, ToolId::OPTIMIZER];
    ids.into_iter().filter(|&t| py.monitoring().events(t) != Ok(EventSet::empty())).count()
}

#[test]
fn a_closure_registers_others_and_changes_sets() {
    each_mode(|py| {
        let (outer, inner) = (Count::default(), Count::default());
        let kept: Arc<Mutex<Vec<Registration>>> = Arc::default();
        let tool = py.monitoring().take_tool(ToolId::COVERAGE, "test").unwrap();
        let (a, b, keep) = (outer.clone(), inner.clone(), kept.clone());
        let id = tool.id();
        let _guard = py.monitoring().watch(&tool, events::PyStart, move |m, start| {
            a.add();
            if start.code.name() == "f" {
                let b = b.clone();
                let line = m.on(id, events::Line, move |m, at| {
                    b.add();
                    if b.get() == 4 {
                        m.set_local_events(id, at.code, EventSet::empty()).unwrap();
                    }
                    Verdict::Continue
                });
                keep.lock().unwrap().push(line.unwrap());
                m.set_local_events(id, start.code, EventSet::LINE).unwrap();
            }
            Verdict::Continue
        });
        run(py, "f(100)").unwrap();
        assert_eq!((outer.get(), inner.get()), (2, 4));
        // It takes its own place: the closure running stays alive until it is over.
        let (c, keep) = (inner.clone(), kept.clone());
        let other = py.monitoring().on(&tool, events::PyStart, move |m, _| {
            let c = c.clone();
            let replaced = m.on(id, events::PyStart, move |_, _| {
                c.add();
                Verdict::Continue
            });
            keep.lock().unwrap().push(replaced.unwrap());
            Verdict::Continue
        });
        run(py, "f(0); f(0)").unwrap();
        assert_eq!(inner.get(), 6);
        drop(other);
        kept.lock().unwrap().clear();
    });
}

#[test]
fn local_events() {
    each_mode(|py| {
        let count = Count::default();
        let seen = count.clone();
        let tool = py.monitoring().take_tool(ToolId::OPTIMIZER, "test").unwrap();
        let _guard = py.monitoring().on(&tool, events::Jump, move |_, e| {
            assert!(e.destination < e.offset);
            seen.add();
            Verdict::Continue
        });
        let f = py.global("f").unwrap();
        let code = code_of(&f).unwrap();
        let code = events::CodeRef::of(&code).unwrap();
        py.monitoring().set_local_events(&tool, code, EventSet::JUMP).unwrap();
        assert_eq!(py.monitoring().local_events(&tool, code), Ok(EventSet::JUMP));
        run(py, "f(50)\nfor i in range(30): pass").unwrap();
        assert_eq!(count.get(), 50);
    });
}

#[test]
fn a_panic_goes_on_at_the_embedder() {
    each_mode(|py| {
        let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "test").unwrap();
        let guard = py.monitoring().watch(&tool, events::Line, |_, at| {
            if at.code.name() == "f" && at.line == 4 {
                panic!("of the closure");
            }
            Verdict::Continue
        });
        // The program catches the exception, `finally` runs, and the panic arrives all the same.
        let program = "done = []\ntry:\n    f(100)\nexcept SystemError as e:\n    done.append(str(e))\nfinally:\n    done.append(1)";
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let outcome = catch_unwind(AssertUnwindSafe(|| run(py, program)));
        std::panic::set_hook(hook);
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"of the closure"));
        run(py, "assert done == ['the callback for LINE panicked', 1], done").unwrap();
        drop(guard);
    });
}

#[test]
fn guards_outlive_the_interpreter() {
    let mut py = Python::builder().build().unwrap();
    let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "test").unwrap();
    let guard = py.monitoring().watch(&tool, events::Line, |_, _| Verdict::Continue).unwrap();
    drop(py);
    drop((guard, tool));
}

#[test]
fn a_guard_is_dropped_on_another_thread() {
    each_mode(|py| {
        let count = Count::default();
        let seen = count.clone();
        let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "test").unwrap();
        let guard = py.monitoring().watch(&tool, events::PyStart, move |_, _| {
            seen.add();
            Verdict::Continue
        });
        std::thread::spawn(move || drop((guard, tool))).join().unwrap();
        run(py, "f(1)").unwrap();
        assert_eq!(count.get(), 0);
    });
}

#[test]
fn events_of_other_threads_arrive() {
    each_mode(|py| {
        let count = Count::default();
        let seen = count.clone();
        let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "test").unwrap();
        let _guard = py.monitoring().watch(&tool, events::PyStart, move |_, start| {
            if start.code.name() == "f" {
                seen.add();
            }
            Verdict::Continue
        });
        run(py, "import threading\nts = [threading.Thread(target=f, args=(10,)) for _ in range(5)]\nfor t in ts: t.start()\nfor t in ts: t.join()")
            .unwrap();
        assert_eq!(count.get(), 5);
    });
}

/// The two examples, on a program of a known shape.
#[test]
fn examples_run() {
    let folder = std::env::temp_dir().join(format!("seriema-examples-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("program.py");
    std::fs::write(
        &program,
        "def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n\n\ndef unused():\n    return 1\n\n\nprint(fib(10))\n",
    )
    .unwrap();
    let mut report = vec![];
    line_coverage::cover(&program, &mut report).unwrap();
    assert_eq!(
        String::from_utf8(report).unwrap(),
        "<module>: 3 of 3 lines\n    hit     1, 7, 11\n    missed  -\n\
         fib: 3 of 3 lines\n    hit     2-4\n    missed  -\n\
         unused: 0 of 1 lines\n    hit     -\n    missed  8\n\
         total: 86% of 7 lines\n"
    );
    let table = count_calls::count(&program).unwrap();
    let table: Vec<_> = table.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(table, [("program.py:1 fib", 177), ("program.py:1 <module>", 1)]);
    let _ = std::fs::remove_dir_all(folder);
}

/// Fails at the `nth` event in `g`, as a callback in Python does, and says where the exception arose.
const FAILING: &str = "
import sys
mon = sys.monitoring

def h(x):
    return x

def g(n):
    for i in range(n):
        if i & 1:
            len('a')
        else:
            h(i)
        while i > 1:
            i -= 1
    try:
        int('x')
    except ValueError:
        pass
    k = None
    if k is None:
        yield n
    yield from (k for k in [1])

def where():
    found = 'nowhere'
    try:
        for x in g(4):
            pass
    except SystemError as e:
        tb = e.__traceback__
        while tb is not None:
            if tb.tb_frame.f_code.co_name in ('g', 'h', 'where'):
                found = f'{tb.tb_frame.f_code.co_name} {tb.tb_lineno} {tb.tb_lasti}'
            tb = tb.tb_next
    return found

def in_python(event, nth):
    left = [nth]
    def fail(code, *args):
        if code.co_name == 'g':
            left[0] -= 1
            if not left[0]:
                raise SystemError
    events = getattr(mon.events, event)
    mon.use_tool_id(4, 'python')
    mon.register_callback(4, events, fail)
    mon.set_events(4, mon.events.CALL if event in ('C_RETURN', 'C_RAISE') else events)
    try:
        return where()
    finally:
        mon.set_events(4, 0)
        mon.register_callback(4, events, None)
        mon.free_tool_id(4)
";

#[test]
fn closures_fail_where_callbacks_fail() {
    each_mode(|py| {
        run(py, FAILING).unwrap();
        let tool = py.monitoring().take_tool(ToolId::PROFILER, "test").unwrap();
        let id = tool.id();
        macro_rules! compare {
            ($($event:ident $name:literal;)*) => { $(
                for nth in 1..=6u64 {
                    let ask = format!("in_python('{}', {nth})", $name);
                    let expected = py.eval(&ask, "ask.py").unwrap();
                    let expected = py.to_string(&expected).unwrap();
                    let count = Count::default();
                    let guard = py.monitoring().watch(id, events::$event, move |_, e| {
                        if e.code.name() == "g" {
                            count.add();
                            assert!(count.get() != nth, "on purpose");
                        }
                        Verdict::Continue
                    }).unwrap();
                    // The panic goes on behind the program, which has caught its exception.
                    let over = catch_unwind(AssertUnwindSafe(|| run(py, "found = where()").unwrap()));
                    drop(guard);
                    assert_eq!(over.is_err(), expected != "nowhere", "{} {nth}", $name);
                    let found = py.global("found").unwrap();
                    assert_eq!(py.to_string(&found).unwrap(), expected, "{} {nth}", $name);
                }
            )* };
        }
        compare! {
            Line "LINE"; Instruction "INSTRUCTION"; PyStart "PY_START"; PyResume "PY_RESUME"; PyReturn "PY_RETURN";
            PyYield "PY_YIELD"; Call "CALL"; CReturn "C_RETURN"; CRaise "C_RAISE"; Jump "JUMP";
            BranchLeft "BRANCH_LEFT"; BranchRight "BRANCH_RIGHT"; Branch "BRANCH"; StopIteration "STOP_ITERATION";
            Raise "RAISE"; ExceptionHandled "EXCEPTION_HANDLED";
        }
    });
}

#[test]
fn what_a_closure_switches_on_counts_at_once() {
    each_mode(|py| {
        let tool = py.monitoring().take_tool(ToolId::COVERAGE, "test").unwrap();
        let id = tool.id();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (a, b, c) = (log.clone(), log.clone(), log.clone());
        let _line = py.monitoring().on(id, events::Line, move |m, at| {
            a.lock().unwrap().push(format!("line {}", at.line));
            let set = if at.line == 3 { EventSet::LINE | EventSet::INSTRUCTION } else { EventSet::LINE };
            m.set_local_events(id, at.code, set).unwrap();
            Verdict::Continue
        });
        let _instruction = py.monitoring().on(id, events::Instruction, move |m, at| {
            b.lock().unwrap().push(format!("instruction {}", at.offset));
            // Comes too late for this instruction (rule M89), in time for the next.
            let set = EventSet::LINE | EventSet::INSTRUCTION | EventSet::BRANCH_LEFT;
            m.set_local_events(id, at.code, set).unwrap();
            Verdict::Continue
        });
        let _branch = py.monitoring().on(id, events::BranchLeft, move |_, e| {
            c.lock().unwrap().push(format!("branch {} {}", e.offset, e.destination));
            Verdict::Continue
        });
        let f = py.global("f").unwrap();
        let code = code_of(&f).unwrap();
        py.monitoring().set_local_events(id, events::CodeRef::of(&code).unwrap(), EventSet::LINE).unwrap();
        run(py, "f(2)").unwrap();
        let log = log.lock().unwrap().join(", ");
        let entry = "line 2, line 3, instruction 6, instruction 16, instruction 18, instruction 26";
        let first = "instruction 28, branch 28 32, instruction 32, line 4";
        // Line 4 has switched the branch off, the FOR_ITER itself on again.
        let second = "line 3, instruction 28, instruction 32, line 4";
        let end = "line 3, instruction 28, instruction 56, line 5";
        assert_eq!(log, [entry, first, second, end].join(", "));
    });
}
