//! Command line: `seriema [OPTIONS] FILE ARGS` or `seriema [OPTIONS] -c CODE ARGS`.

use seriema::{Error, JitOptions, Python};
use std::path::Path;

const HELP: &str = "\
usage: seriema [OPTION]... FILE [ARG]...
       seriema [OPTION]... -c CODE [ARG]...

  -c CODE                run CODE
  -X monitoring=3.14     CPython 3.14's rules where they differ from the specification
  --jit=off|eval|on      interpreter only; traces on the IR evaluator; machine code (default)
  --jit-log              one line for each trace: made, attached, abandoned, invalidated
  --jit-dump=LIST        print of each region: ir,opt,clif,asm
  --jit-stress=LIST      hot=N, exit-every=N, invalidate-every=N, compile-fail=N, abort-record=N
  --jit-without=LIST     optimiser passes to leave out
  --stack-kib=N          native stack of the interpreter (65536)
  --stats=json           counters as one line of JSON on standard error at the end
  -V, --version
  -h, --help
";

/// What to run.
enum Program {
    File(String),
    Code(String),
}

struct Command {
    program: Program,
    argv: Vec<String>,
    jit: JitOptions,
    stats: bool,
    monitoring_314: bool,
}

/// Native stack of the interpreter's thread. The interpreter bounds its own use (RecursionError); the parser
/// wants room too.
pub fn stack_size() -> usize {
    let asked =
        std::env::args().find_map(|a| a.strip_prefix("--stack-kib=").and_then(|n| n.parse::<usize>().ok()));
    asked.unwrap_or(64 << 10).saturating_mul(1024)
}

/// Runs the command line; answers the exit code.
pub fn run() -> i32 {
    let command = match parse(std::env::args().skip(1)) {
        Ok(Some(c)) => c,
        Ok(None) => return 0,
        Err(message) => {
            eprintln!("seriema: {message}\nTry `seriema --help`.");
            return 2;
        }
    };
    let built = Python::builder()
        .argv(command.argv)
        .jit(command.jit)
        .monitoring_as_cpython_3_14(command.monitoring_314)
        .build();
    let mut py = match built {
        Ok(py) => py,
        Err(e) => {
            eprintln!("seriema: {e}");
            return 1;
        }
    };
    let result = match &command.program {
        Program::File(name) => match Path::new(name).canonicalize() {
            Ok(path) => py.run_file(&path),
            Err(e) => {
                eprintln!("seriema: can't open file '{name}': {e}");
                return 2;
            }
        },
        Program::Code(code) => py.exec(code, "<string>"),
    };
    py.flush();
    let code = match result {
        Ok(()) => 0,
        Err(e) => report(&mut py, e),
    };
    if command.stats {
        eprintln!("{}", py.stats_json());
    }
    code
}

/// Tells of an uncaught exception as CPython does; answers the exit code.
fn report(py: &mut Python, e: Error) -> i32 {
    match e {
        Error::Python { class, value, .. } if class == "SystemExit" => exit_code(py, &value),
        Error::Python { traceback, .. } => {
            eprint!("{traceback}");
            1
        }
        other => {
            eprintln!("seriema: {other}");
            2
        }
    }
}

fn exit_code(py: &mut Python, value: &seriema::Value) -> i32 {
    let name = py.vm().intern("code");
    let code = match py.vm().get_attr(value, &name) {
        Ok(code) => code,
        Err(_) => return 1,
    };
    if code.is_none() {
        return 0;
    }
    match py.to_i64(&code) {
        Some(n) => n as i32,
        None => {
            let text = py.vm().str_string(&code).unwrap_or_default();
            eprintln!("{text}");
            1
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Command>, String> {
    let mut jit = JitOptions::default();
    let (mut stats, mut monitoring_314) = (false, false);
    let program = loop {
        let Some(arg) = args.next() else { return Err("no file given".into()) };
        let (name, value) = match arg.split_once('=') {
            Some((n, v)) if n.starts_with("--") => (n, v),
            _ => (arg.as_str(), ""),
        };
        match name {
            "-h" | "--help" => {
                print!("{HELP}");
                return Ok(None);
            }
            "-V" | "--version" => {
                println!("Seriema {} (Python 3.14)", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            "-c" => break Program::Code(args.next().ok_or("-c needs code")?),
            "-X" => match args.next().as_deref() {
                Some("monitoring=3.14") => monitoring_314 = true,
                Some(other) => return Err(format!("-X {other} is not supported")),
                None => return Err("-X needs an option".into()),
            },
            "--jit" => jit.set_mode(value)?,
            "--jit-log" => jit.log = true,
            "--jit-dump" => jit.set_dump(value)?,
            "--jit-stress" => jit.set_stress(value)?,
            "--jit-without" => jit.disabled_passes.extend(value.split(',').map(str::to_owned)),
            "--stack-kib" if value.parse::<usize>().is_ok() => {}
            "--stats" if value == "json" => stats = true,
            _ if arg.starts_with('-') && arg.len() > 1 => return Err(format!("unknown option {arg}")),
            _ => break Program::File(arg),
        }
    };
    let first = match &program {
        Program::File(f) => f.clone(),
        Program::Code(_) => "-c".to_owned(),
    };
    let argv = std::iter::once(first).chain(args).collect();
    Ok(Some(Command { program, argv, jit, stats, monitoring_314 }))
}
