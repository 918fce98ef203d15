//! The corpus: every program of tests/monitoring and tests/programs, in every mode of the JIT, must write what CPython
//! 3.14 wrote, to the byte; and loops around monitored rounds must have been native where a program says so.
//!
//! - tests/monitoring/NAME.py switches sys.monitoring events in hot loops and prints the event log; NAME.log has it.
//! - tests/programs/NAME.py are ordinary programs; NAME.out has their stdout and NAME.err, if present, their traceback.
//!   Without NAME.err the program must exit with 0 and leave stderr empty.
//!
//! A test is named after folder and mode (`monitoring::on_exit_every_1`). Programs may say in the comment lines at their
//! top what `native` checks after a run with `--jit=on --stats=json`:
//!
//! - `# expect: interpreted`: nothing need be compiled (yet);
//! - `# expect: native`: something was compiled (`regions` is at least 1);
//! - `# expect: native-again`: compiled, invalidated by the events, and compiled again (`regions` is at least 2).
//!
//! To record a new program: `python3 tests/monitoring/record.py python3.14 NAME`. See common/mod.rs for the environment
//! variables that choose another binary or only some programs.

mod common;

use common::{Folder, MONITORING, PROGRAMS, check_all, first_difference, json_number, report};

/// One test for each mode and folder; a mode is a list of options of our command.
macro_rules! modes {
    ($($mode:ident: $($option:literal)+;)+) => {
        mod monitoring {
            $(#[test] fn $mode() { super::check_mode(super::MONITORING, &[$($option),+]); })+
        }
        mod programs {
            $(#[test] fn $mode() { super::check_mode(super::PROGRAMS, &[$($option),+]); })+
        }
    };
}

modes! {
    off: "--jit=off";
    eval: "--jit=eval";
    on: "--jit=on";
    on_hot: "--jit=on" "--jit-stress=hot=1";
    on_exit_every_1: "--jit=on" "--jit-stress=hot=1,exit-every=1";
    on_invalidate_every_3: "--jit=on" "--jit-stress=hot=1,invalidate-every=3";
    eval_exit_every_3: "--jit=eval" "--jit-stress=hot=1,exit-every=3";
}

fn check_mode(folder: Folder, options: &[&str]) {
    let failures = check_all(folder, |program| program.compare(&program.run(options)));
    report(&format!("{} with {}", folder.name, options.join(" ")), &failures);
}

/// The smallest number of regions for a word after `# expect:`.
fn least_regions(expectation: &str) -> Option<f64> {
    match expectation {
        "interpreted" => Some(0.0),
        "native" => Some(1.0),
        "native-again" => Some(2.0),
        _ => None,
    }
}

#[test]
fn native() {
    let failures = check_all(MONITORING, |program| {
        let wanted: Vec<_> = program.expectations().iter().filter_map(|word| least_regions(word)).collect();
        let wanted = wanted.into_iter().reduce(f64::max)?;
        let mut outcome = program.run(&["--jit=on", "--stats=json"]);
        let Some(stats) = outcome.split_stats() else {
            return Some("the last line of stderr is not a JSON object".to_owned());
        };
        let different = program.compare(&outcome);
        match json_number(&stats, "regions") {
            Some(regions) if regions >= wanted => different,
            Some(regions) => Some(format!("{regions} regions, expected at least {wanted}: {stats}")),
            None => Some(format!("no number of regions in the statistics: {stats}")),
        }
    });
    report("monitoring with --jit=on --stats=json", &failures);
}

/// The recorded files belong to programs, programs have recorded files, and every `# expect:` is one we know.
#[test]
fn corpus_is_complete() {
    let mut complaints = Vec::new();
    for (folder, least) in [(MONITORING, 30), (PROGRAMS, 40)] {
        let programs = folder.names("py");
        let recorded = folder.names(folder.recorded);
        assert!(programs.len() >= least, "{}: {} programs", folder.name, programs.len());
        let unrecorded = programs.iter().filter(|name| !recorded.contains(name));
        complaints.extend(unrecorded.map(|name| format!("{}/{name}.py was never recorded", folder.name)));
        let recorded = recorded.into_iter().chain(folder.names("err"));
        let orphans = recorded.filter(|name| !programs.contains(name));
        complaints.extend(orphans.map(|name| format!("{}/{name}: recorded, but no program", folder.name)));
        for program in folder.programs() {
            let unknown = program.expectations().into_iter().filter(|word| least_regions(word).is_none());
            complaints.extend(unknown.map(|word| format!("{}: unknown expectation {word:?}", program.name)));
        }
    }
    report("corpus", &complaints);
}

#[test]
fn json_numbers() {
    let stats = r#"{"a\"{": "}", "inner": {"regions": 7, "x": ["regions"]}, "regions": 12,"enters":3e2, "last" : -1}"#;
    assert_eq!(json_number(stats, "regions"), Some(12.0));
    assert_eq!(json_number(stats, "enters"), Some(300.0));
    assert_eq!(json_number(stats, "last"), Some(-1.0));
    assert_eq!(json_number(stats, "inner"), None);
    assert_eq!(json_number(stats, "x"), None);
    assert_eq!(json_number("", "x"), None);
}

#[test]
fn differences() {
    assert_eq!(first_difference("stdout", b"a\nb\n", b"a\nb\n"), None);
    let text = first_difference("stdout", b"a\nb\nc\n", b"a\nB\nc\n").unwrap();
    assert!(text.starts_with("stdout differs at line 2 of 3"), "{text}");
    assert!(text.contains("expected b\\n\n  actual   B\\n"), "{text}");
    let text = first_difference("stdout", b"a\nb\n", b"a\n").unwrap();
    assert!(text.contains("expected b\\n\n  actual   (end)"), "{text}");
    let text = first_difference("stdout", b"a\n", b"a").unwrap();
    assert!(text.contains("expected a\\n\n  actual   a\n"), "{text}");
    let text = first_difference("stdout", b"", b"x\n").unwrap();
    assert!(text.contains("expected (end)\n  actual   x\\n"), "{text}");
}
