//! The tools around monitoring: the recorded seeds of the fuzzer (tests/monitor_fuzz/fuzz.py) and `--monitor-log`.

use std::path::PathBuf;
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_seriema");

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn run(command: &mut Command) -> Output {
    command.env("PYTHONHASHSEED", "0").output().expect("starting the command")
}

/// The programs of 200 seeds print what CPython 3.14 printed (checksums in recorded.txt).
#[test]
fn recorded_seeds() {
    for mode in ["--jit=off", "--jit=on --jit-stress=hot=1"] {
        let script = tests().join("monitor_fuzz/fuzz.py");
        let out = run(Command::new(BINARY)
            .arg("--jit=off")
            .arg(script)
            .args(["check", &format!("{BINARY} {mode}")]));
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{mode}: {text}{}", String::from_utf8_lossy(&out.stderr));
        assert!(text.contains("200 seeds, 0 differ"), "{mode}: {text}");
    }
}

/// The log of a program is what tests/monitor_log.py wrote on CPython 3.14, to the byte.
#[test]
fn event_log() {
    let log = std::env::temp_dir().join(format!("seriema-monitor-log-{}", std::process::id()));
    let sample = tests().join("monitor_log/sample.py");
    let out = run(Command::new(BINARY).arg(format!("--monitor-log={}", log.display())).arg(&sample));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let written = std::fs::read_to_string(&log).expect("the log");
    let _ = std::fs::remove_file(&log);
    let recorded = std::fs::read_to_string(sample.with_extension("log")).expect("the recorded log");
    let differs = written.lines().zip(recorded.lines()).position(|(a, b)| a != b);
    assert_eq!(differs, None, "line {differs:?} differs");
    assert_eq!(written.len(), recorded.len());
}
