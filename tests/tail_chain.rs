//! The gate that keeps the tail chain honest: in optimised builds every handler must end in a sibling call,
//! which stable Rust does not promise. If one did not, each bytecode instruction would take native stack, and
//! this program of some ten million instructions would end on a small stack at once.

use std::process::Command;

const PROGRAM: &str = "
def inner(x, step=1):
    try:
        if x % 3 == 0:
            raise ValueError(x)
    except ValueError as e:
        x = e.args[0] + step
    return x

def run(n):
    items, table, total, text = [], {}, 0, ''
    for i in range(n):
        total = inner(i) + total * 1
        items.append(total)
        table[i % 10] = (i, total)
        if i & 1 and i != 7 or not total:
            a, b = table[i % 10]
            total -= a - i
        while len(items) > 5:
            items.pop()
        text = f'{i!r}:{total}'[:4]
    return total

print(run(150000))
";

/// The gate is meant for the release build: `SERIEMA_TEST_BIN` names it.
fn binary() -> String {
    std::env::var("SERIEMA_TEST_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_seriema").to_owned())
}

/// Runs a program on the interpreter alone with a native stack of 512 KiB.
fn run(source: &str) -> String {
    let out = Command::new(binary())
        .args(["--stack-kib=512", "--jit=off", "-c", source])
        .output()
        .expect("it starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn ten_million_instructions_on_a_small_stack() {
    assert_eq!(run(PROGRAM), "11249975000\n");
}

/// The same machine, watched: PROBE units and the probed bodies chain too.
#[test]
fn probed_instructions_on_a_small_stack() {
    let watched = format!(
        "import sys\nm = sys.monitoring\nm.use_tool_id(0, 't')\nm.register_callback(0, m.events.INSTRUCTION, lambda *a: None)\n\
         m.set_events(0, m.events.INSTRUCTION | m.events.LINE)\n{}",
        PROGRAM.replace("150000", "5000")
    );
    run(&watched);
}

/// A closure in Rust hears what a callback in Python does. Where one event is armed and one closure hears it, the
/// handlers of the chain tell it themselves; `--monitor-log` is such closures, tests/monitor_log.py callbacks.
#[test]
fn closures_hear_what_callbacks_hear() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let sample = tests.join("monitor_log/sample.py");
    let log = |name: &str| std::env::temp_dir().join(format!("seriema-{name}-{}", std::process::id()));
    let (ours, theirs) = (log("closures"), log("callbacks"));
    let seriema = |arguments: &[String]| {
        let out = Command::new(binary()).args(arguments).arg(&sample).output().expect("it starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let alone = "LINE INSTRUCTION PY_START PY_RESUME PY_RETURN PY_YIELD CALL C_RETURN C_RAISE JUMP BRANCH_LEFT \
                 BRANCH_RIGHT STOP_ITERATION RAISE EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE";
    let together = "LINE,INSTRUCTION LINE,PY_RETURN PY_START,LINE CALL,C_RETURN";
    for events in alone.split_whitespace().chain(together.split_whitespace()) {
        for once in [false, true] {
            let mut closures = vec![
                "--jit=off".to_owned(),
                format!("--monitor-log={}", ours.display()),
                format!("--monitor-events={events}"),
            ];
            let script = tests.join("monitor_log.py").display().to_string();
            let mut callbacks: Vec<String> =
                ["--jit=off", &script, "-o", &theirs.display().to_string(), "-e", events]
                    .map(str::to_owned)
                    .into();
            if once {
                closures.push("--monitor-once".to_owned());
                callbacks.push("--once".to_owned());
            }
            seriema(&closures);
            seriema(&callbacks);
            let read = |path| std::fs::read_to_string(path).expect("a log");
            let (ours, theirs) = (read(&ours), read(&theirs));
            let differs = ours.lines().zip(theirs.lines()).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{events} once={once}: line {differs:?} differs");
            assert_eq!(ours.len(), theirs.len(), "{events} once={once}");
            assert!(!ours.is_empty(), "{events}: the sample has it");
        }
    }
    let _ = (std::fs::remove_file(&ours), std::fs::remove_file(&theirs));
}
