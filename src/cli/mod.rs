//! Command line: `seriema [OPTIONS] FILE ARGS` or `seriema [OPTIONS] -c CODE ARGS`.

mod monitor_log;
mod repl;

use seriema::vm::modules::io::standard::StreamOptions;
use seriema::vm::vm::Options;
use seriema::{Error, JitOptions, Python};
use std::path::Path;

const HELP: &str = "\
usage: seriema [OPTION]... FILE [ARG]...
       seriema [OPTION]... -c CODE [ARG]...
       seriema [OPTION]... -m MODULE [ARG]...
       seriema [OPTION]... [- [ARG]...]      standard input, or a prompt on a terminal

  -c CODE                run CODE
  -m MODULE              run a module of sys.path
  -B                     write no .pyc files
  -E                     ignore PYTHON* environment variables
  -I                     isolated: -E, -P and -s
  -O, -OO                drop assert statements; docstrings too
  -P                     do not put the script's folder on sys.path
  -u                     standard output is not buffered
  -i                     a prompt after the program
  -s, -S                 no user's site-packages; do not import site
  -W RULE                a warning filter
  --lib=DIR              a Lib folder instead of the library in the binary
  -X monitoring=3.14     CPython 3.14's rules where they differ from the specification
  --monitor-log[=FILE]   every event of sys.monitoring in the program's own code, a line each
  --monitor-events=LIST  only these events: LINE,CALL,...
  --monitor-once         each event once at each place: the log disables it there
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
    Module(String),
    Stdin,
}

struct Command {
    program: Program,
    argv: Vec<String>,
    jit: JitOptions,
    stats: bool,
    /// Where to write the events, standard error if empty.
    monitor_log: Option<String>,
    monitor: monitor_log::Wanted,
    /// A prompt after the program.
    interactive: bool,
    machine: Options,
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
    let Command { program, argv, jit, stats, monitor_log, monitor, interactive, machine } = command;
    let built = Python::builder().jit(jit).options(|o| *o = Options { argv, ..machine }).build();
    let mut py = match built {
        Ok(py) => py,
        Err(e) => {
            eprintln!("seriema: {e}");
            return 1;
        }
    };
    seriema_vm::modules::signal::install(py.vm());
    let log = match monitor_log.map(|path| monitor_log::MonitorLog::start(py.vm(), &path, monitor)) {
        Some(Err(e)) => {
            eprintln!("seriema: cannot write the event log: {e}");
            return 1;
        }
        Some(Ok(log)) => Some(log),
        None => None,
    };
    let result = match &program {
        Program::File(name) => match std::path::absolute(Path::new(name)) {
            Ok(path) if path.is_dir() || is_zip(&path) => py.run_folder(name),
            Ok(path) => {
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                let folder = real.parent().map_or(String::new(), |p| p.to_string_lossy().into_owned());
                py.prepend_path(&folder);
                py.run_file(&path)
            }
            Err(e) => Err(Error::Io(e)),
        },
        Program::Code(code) => {
            py.prepend_path("");
            py.run_code(code)
        }
        Program::Stdin => {
            py.prepend_path("");
            run_stdin(&mut py, interactive)
        }
        Program::Module(name) => {
            let folder = std::env::current_dir().map(|d| d.to_string_lossy().into_owned());
            py.prepend_path(&folder.unwrap_or_default());
            py.run_module(name)
        }
    };
    if let Some(log) = log {
        log.stop(py.vm());
    }
    if let (Program::File(name), Err(Error::Io(e))) = (&program, &result) {
        let path = std::path::absolute(name).unwrap_or_else(|_| name.into());
        let number = e.raw_os_error().unwrap_or(0);
        let text = seriema_vm::modules::os_error::strerror(number);
        eprintln!("{}: can't open file '{}': [Errno {number}] {text}", own_name(), path.display());
        return 2;
    }
    let mut code = match result {
        Ok(()) => 0,
        Err(e) => report(&mut py, e),
    };
    if interactive && !matches!(program, Program::Stdin) {
        code = repl::run(&mut py, report);
    }
    seriema_vm::modules::thread::finish(py.vm());
    if !py.flush() {
        code = 120;
    }
    if stats {
        eprintln!("{}", py.stats_json());
    }
    code
}

/// Runs the text on standard input as a program; on a terminal, the prompt.
fn run_stdin(py: &mut Python, interactive: bool) -> Result<(), Error> {
    use std::io::{IsTerminal, Read};
    if interactive || std::io::stdin().is_terminal() {
        return match repl::run(py, report) {
            0 => Ok(()),
            code => std::process::exit(code),
        };
    }
    let mut source = vec![];
    std::io::stdin().lock().read_to_end(&mut source).map_err(Error::Io)?;
    py.run_source(&source, "<stdin>")
}

/// Tells of an uncaught exception as CPython does; answers the exit code.
fn report(py: &mut Python, e: Error) -> i32 {
    match e {
        Error::Python { value, .. } => py.vm().uncaught(&value) as i32,
        other => {
            eprintln!("seriema: {other}");
            2
        }
    }
}

fn own_name() -> String {
    std::env::args().next().unwrap_or_else(|| "seriema".to_owned())
}

fn is_zip(path: &Path) -> bool {
    use std::io::Read;
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut f| f.read_exact(&mut start));
    read.is_ok() && start == *b"PK\x03\x04"
}

/// What the environment says, unless `-E`.
fn from_environment(o: &mut Options) {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if let Some(path) = var("PYTHONPATH") {
        o.python_path = path.split(':').map(str::to_owned).collect();
    }
    if let (Some(home), None) = (var("PYTHONHOME"), &o.lib_dir) {
        o.lib_dir = Some(format!("{home}/lib/python3.14"));
    }
    let unbuffered = o.streams.unbuffered;
    o.streams = StreamOptions::from_environment();
    o.streams.unbuffered |= unbuffered;
    o.dont_write_bytecode |= var("PYTHONDONTWRITEBYTECODE").is_some();
    o.no_user_site |= var("PYTHONNOUSERSITE").is_some();
    o.safe_path |= var("PYTHONSAFEPATH").is_some();
    if let Some(level) = var("PYTHONOPTIMIZE") {
        o.optimize = o.optimize.max(level.parse().unwrap_or(1).min(2));
    }
    if let Some(rules) = var("PYTHONWARNINGS") {
        o.warn_options.splice(0..0, rules.split(',').map(str::to_owned));
    }
}

/// Options of one letter without an argument, which may stand together.
fn letters(arg: &str, o: &mut Options) -> bool {
    let letters = &arg[1..];
    if letters.is_empty() || !letters.chars().all(|c| "BEIOPsSubqvd".contains(c)) {
        return false;
    }
    for c in letters.chars() {
        match c {
            'B' => o.dont_write_bytecode = true,
            'E' => o.ignore_environment = true,
            'I' => (o.isolated, o.ignore_environment, o.safe_path, o.no_user_site) = (true, true, true, true),
            'O' => o.optimize = (o.optimize + 1).min(2),
            'P' => o.safe_path = true,
            's' => o.no_user_site = true,
            'S' => o.no_site = true,
            'u' => o.streams.unbuffered = true,
            _ => {}
        }
    }
    true
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Command>, String> {
    let mut jit = JitOptions::default();
    let (mut stats, mut monitor_log) = (false, None);
    let mut monitor = monitor_log::Wanted::default();
    let mut machine = Options { orig_argv: std::env::args().collect(), ..Options::default() };
    let mut interactive = false;
    let program = loop {
        let Some(arg) = args.next() else { break Program::Stdin };
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
            "-" => break Program::Stdin,
            "-i" => interactive = true,
            "-c" => break Program::Code(args.next().ok_or("-c needs code")?),
            "-m" => break Program::Module(args.next().ok_or("-m needs a module")?),
            "-X" => match args.next() {
                Some(o) if o == "monitoring=3.14" => machine.monitoring_314 = true,
                Some(other) => machine.x_options.push(other),
                None => return Err("-X needs an option".into()),
            },
            "-W" => machine.warn_options.push(args.next().ok_or("-W needs a rule")?),
            _ if arg.starts_with("-W") => machine.warn_options.push(arg[2..].to_owned()),
            "-Xmonitoring" if arg == "-Xmonitoring=3.14" => machine.monitoring_314 = true,
            _ if arg.starts_with("-X") => machine.x_options.push(arg[2..].to_owned()),
            "--lib" => machine.lib_dir = Some(value.to_owned()),
            _ if !arg.starts_with("--") && arg.starts_with('-') && letters(&arg, &mut machine) => {}
            "--jit" => jit.set_mode(value)?,
            "--monitor-log" => monitor_log = Some(value.to_owned()),
            "--monitor-events" => monitor.set_events(value)?,
            "--monitor-once" => monitor.once = true,
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
        Program::Module(_) => "-m".to_owned(),
        Program::Stdin => {
            if std::env::args().any(|a| a == "-") {
                "-".to_owned()
            } else {
                Default::default()
            }
        }
    };
    if !machine.ignore_environment {
        from_environment(&mut machine);
    }
    machine.executable = std::env::current_exe().map_or(String::new(), |p| p.to_string_lossy().into_owned());
    let argv = std::iter::once(first).chain(args).collect();
    Ok(Some(Command { program, argv, jit, stats, monitor_log, monitor, interactive, machine }))
}
