//! Runs the built `seriema` command on test programs and compares what it writes with recorded files.
//!
//! A *program* is tests/FOLDER/NAME.py; beside it lies what CPython 3.14 wrote (see tests/monitoring/record.py, which
//! runs programs in exactly the same way): the recorded stdout, and NAME.err if the program ends with a traceback.
//! Everything is compared byte for byte. Invariant: no failure hides another one; a check returns a text per failing
//! program, and only [`report`] panics, after the last program.
//!
//! Environment, for developers only:
//! - `SERIEMA_TEST_BIN`: run this command instead of the built one, for example another build, or a script that drops
//!   the `--jit` options and runs CPython, to check the recorded files and this runner themselves;
//! - `SERIEMA_TEST_ONLY`: run only the programs whose name contains this text.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// A run that takes longer is killed and reported.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Programs run at the same time, over all tests of the process (see [`TURN`]).
const THREADS: usize = 2;
/// Held by the test whose programs are running: the tests take turns, so that timeouts do not depend on their number.
static TURN: Mutex<()> = Mutex::new(());

/// A folder of programs: its name below tests/, and the suffix of its recorded stdout.
#[derive(Clone, Copy)]
pub struct Folder {
    pub name: &'static str,
    pub recorded: &'static str,
}

pub const MONITORING: Folder = Folder { name: "monitoring", recorded: "log" };
pub const PROGRAMS: Folder = Folder { name: "programs", recorded: "out" };

impl Folder {
    pub fn path(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(self.name)
    }

    /// The names, without suffix, of the files with this suffix, sorted.
    pub fn names(self, suffix: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("the folder of test programs is readable");
        let paths = entries.map(|entry| entry.expect("a readable folder entry").path());
        let stem = |path: PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut names: Vec<_> =
            paths.filter(|p| p.extension().is_some_and(|s| s == suffix)).map(stem).collect();
        names.retain(|name| name != "record"); // the recording script
        names.sort();
        names
    }

    pub fn programs(self) -> Vec<Program> {
        let only = env::var("SERIEMA_TEST_ONLY").unwrap_or_default();
        let names = self.names("py").into_iter().filter(|name| name.contains(&only));
        names.map(|name| Program { folder: self, name }).collect()
    }
}

pub struct Program {
    pub folder: Folder,
    pub name: String,
}

impl Program {
    fn file(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("{}.{suffix}", self.name))
    }

    /// The words that follow `# expect:` in the comment lines at the top of the program.
    pub fn expectations(&self) -> Vec<String> {
        let source = fs::read_to_string(self.file("py")).expect("a readable program");
        let comments = source.lines().take_while(|line| line.starts_with('#'));
        let words = comments.filter_map(|line| line.strip_prefix("# expect:"));
        words.map(|word| word.trim().to_owned()).collect()
    }

    /// Runs the program in its folder with these command-line options before its name.
    pub fn run(&self, options: &[&str]) -> Outcome {
        let command =
            env::var_os("SERIEMA_TEST_BIN").unwrap_or(OsString::from(env!("CARGO_BIN_EXE_seriema")));
        let started = Command::new(&command)
            .args(options)
            .arg(format!("{}.py", self.name))
            .current_dir(self.folder.path())
            .env("PYTHONHASHSEED", "0")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = started.unwrap_or_else(|error| panic!("cannot start {}: {error}", command.display()));
        // Both pipes are drained while we wait, or a talkative program would block for ever.
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let begin = Instant::now();
        let ending = loop {
            if let Some(status) = child.try_wait().expect("waiting for a child") {
                break status.code().map_or(Ending::Died(status.to_string()), Ending::Code);
            }
            if begin.elapsed() > TIMEOUT {
                child.kill().and_then(|()| child.wait()).expect("killing a child that is ours");
                break Ending::TimedOut;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let take = |reader: thread::JoinHandle<Vec<u8>>| reader.join().expect("a pipe reader");
        Outcome { ending, stdout: take(stdout), stderr: take(stderr) }
    }

    /// Compares an outcome with the recorded files; `None` if all is equal.
    pub fn compare(&self, outcome: &Outcome) -> Option<String> {
        let mut text = String::new();
        let recorded_error = fs::read(self.file("err")).unwrap_or_default();
        let code = i32::from(!recorded_error.is_empty());
        match &outcome.ending {
            Ending::Code(actual) if *actual == code => {}
            Ending::Code(actual) => writeln!(text, "exit code {actual} instead of {code}").unwrap(),
            Ending::Died(how) => writeln!(text, "died: {how}").unwrap(),
            Ending::TimedOut => writeln!(text, "still running after {TIMEOUT:?}, killed").unwrap(),
        }
        match fs::read(self.file(self.folder.recorded)) {
            Ok(recorded) => text.extend(first_difference("stdout", &recorded, &outcome.stdout)),
            Err(error) => writeln!(text, "no recorded .{} file: {error}", self.folder.recorded).unwrap(),
        }
        // CPython 3.14 makes the script's path absolute; the recorded tracebacks are without the folder.
        let here = format!("\"{}/", self.folder.path().display());
        let stderr = String::from_utf8_lossy(&outcome.stderr).replace(&here, "\"");
        text.extend(first_difference("stderr", &recorded_error, stderr.as_bytes()));
        (!text.is_empty()).then_some(text)
    }
}

pub enum Ending {
    Code(i32),
    Died(String),
    TimedOut,
}

pub struct Outcome {
    pub ending: Ending,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// Takes the statistics off the end of stderr: its last line, if that is a JSON object.
    pub fn split_stats(&mut self) -> Option<String> {
        let end = self.stderr.trim_ascii_end().len();
        let begin = self.stderr[..end].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(&self.stderr[begin..end]).into_owned();
        let stats = line.starts_with('{').then_some(line)?;
        self.stderr.truncate(begin);
        Some(stats)
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("the pipe was asked for");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth comparing.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Runs `check` on every program of a folder, two at a time; the texts of those that failed, in order of name.
pub fn check_all(folder: Folder, check: impl Fn(&Program) -> Option<String> + Sync) -> Vec<String> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = folder.programs();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut failures = Vec::new();
        while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(text) = check(program) {
                failures.push(format!("{}/{}.py\n{}", folder.name, program.name, indent(&text)));
            }
        }
        failures
    };
    let mut failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a worker")).collect()
    });
    failures.sort();
    failures
}

/// Panics with all failures, if there are any.
pub fn report(title: &str, failures: &[String]) {
    assert!(failures.is_empty(), "{title}: {} failed\n\n{}", failures.len(), failures.join("\n"));
}

/// Describes where two outputs part: the line number, up to three equal lines before it, then both lines.
pub fn first_difference(what: &str, expected: &[u8], actual: &[u8]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let lines = |bytes: &[u8]| -> Vec<String> {
        bytes
            .split_inclusive(|&b| b == b'\n')
            .map(|l| String::from_utf8_lossy(l).escape_debug().to_string())
            .collect()
    };
    let (expected, actual) = (lines(expected), lines(actual));
    let at = expected.iter().zip(&actual).take_while(|(e, a)| e == a).count();
    let mut text = format!(
        "{what} differs at line {} of {} expected and {} actual lines\n",
        at + 1,
        expected.len(),
        actual.len()
    );
    for line in &expected[at.saturating_sub(3)..at] {
        writeln!(text, "           {line}").unwrap();
    }
    writeln!(text, "  expected {}", expected.get(at).map_or("(end)", String::as_str)).unwrap();
    for line in actual.iter().skip(at).take(3) {
        writeln!(text, "  actual   {line}").unwrap();
    }
    if actual.len() <= at {
        writeln!(text, "  actual   (end)").unwrap();
    }
    Some(text)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// The number that stands for `key` in the outermost object of a JSON text; nested objects are skipped.
pub fn json_number(json: &str, key: &str) -> Option<f64> {
    let mut depth = 0;
    let mut rest = json;
    loop {
        let at = rest.find(['{', '}', '[', ']', '"'])?;
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let (string, after) = rest.split_at(closing_quote(rest)?);
                rest = &after[1..];
                let value = rest.trim_start().strip_prefix(':').filter(|_| depth == 1 && string == key);
                if let Some(value) = value {
                    return value.split([',', '}']).next()?.trim().parse().ok();
                }
            }
        }
    }
}

/// Where the JSON string ends whose opening quote has just been read: a backslash hides the character after it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut hidden = false;
    text.find(|c| {
        let quote = c == '"' && !hidden;
        hidden = c == '\\' && !hidden;
        quote
    })
}
