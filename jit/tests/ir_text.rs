//! The text tests in `tests/ir/*.txt`: a function, the passes to run, the function that must come out; and
//! the two must behave the same on random arguments. Also errors of the parser and of the verifier.
//!
//! With `SERIEMA_BLESS=1` the expected parts are rewritten from what the passes give: read the difference.

#[path = "ir/support.rs"]
mod support;

use seriema_jit::ir::eval::{EvalError, eval, fold_pure};
use seriema_jit::ir::{Op, check, text};
use seriema_jit::opt::{self, Options};
use support::{FakeHost, assert_same};

/// The fake objects that pointer parameters have: absolute addresses in the files count on it.
const CLASS: u64 = 2;

struct Case {
    path: std::path::PathBuf,
    head: String,
    before: String,
    after: String,
}

fn cases() -> Vec<Case> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir");
    let entries = std::fs::read_dir(dir).expect("the folder of tests").flatten().map(|e| e.path());
    let mut paths: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(path: std::path::PathBuf) -> Case {
    let all = std::fs::read_to_string(&path).expect("a readable file");
    let (head, rest) = all.split_once("--- before\n").unwrap_or_else(|| panic!("{path:?}: no `--- before`"));
    let (before, after) =
        rest.split_once("--- after\n").unwrap_or_else(|| panic!("{path:?}: no `--- after`"));
    Case { head: head.into(), before: before.into(), after: after.into(), path }
}

#[test]
fn texts() {
    let cases = cases();
    assert!(cases.len() >= 25);
    for case in cases {
        let name = case.path.display().to_string();
        let raw = support::load(&case.before);
        let mut new = raw.clone();
        let passes = case.head.lines().find_map(|l| l.strip_prefix("passes:")).expect("`passes:`");
        for pass in passes.split_whitespace() {
            if pass == "all" {
                opt::optimise(&mut new, &Options::default());
            } else {
                let pass = opt::find(pass).unwrap_or_else(|| panic!("{name}: no pass {pass}"));
                (pass.run)(&mut new, &mut Default::default());
            }
        }
        let told = assert_same(&raw, &new, &name, 300, CLASS);
        assert!(told > 50, "{name}: only {told} runs ended");
        let found = text::renumber(&new).to_string();
        if std::env::var_os("SERIEMA_BLESS").is_some() {
            let all = format!("{}--- before\n{}--- after\n{found}", case.head, case.before);
            std::fs::write(&case.path, all).expect("a writable file");
        } else {
            assert_eq!(case.after, found, "{name}: the passes gave\n{found}");
        }
    }
}

#[test]
fn disabled_passes_do_not_run() {
    let case = cases().into_iter().find(|c| c.path.ends_with("loops_all.txt")).expect("the file");
    let raw = support::load(&case.before);
    let disabled = opt::PASSES.iter().map(|p| p.name.to_string()).collect();
    let mut new = raw.clone();
    opt::optimise(&mut new, &Options { disabled, ..Options::default() });
    assert_eq!(new, raw);
}

#[test]
fn guards_that_fail_in_the_preamble_can_be_kept_in_the_loop() {
    let case = cases().into_iter().find(|c| c.path.ends_with("loops_hoist.txt")).expect("the file");
    let raw = support::load(&case.before);
    let mut new = raw.clone();
    let report = opt::optimise(&mut new, &Options::default());
    assert_eq!(report.hoisted.len(), 1);
    let (added, original) = report.hoisted[0];
    assert!(added.index() >= raw.exits.len() && original.index() < raw.exits.len());
    let mut new = raw.clone();
    let report = opt::optimise(&mut new, &Options { no_hoist: [original].into(), ..Options::default() });
    assert!(report.hoisted.is_empty());
    assert_same(&raw, &new, "no_hoist", 100, CLASS);
}

#[test]
fn parse_errors_name_the_line() {
    for (source, line, part) in [
        ("func f\nb1: label @0", 2, "expected b0"),
        ("b0: label @0\n    v0 = iadd v1, v2", 2, "v1 is defined nowhere"),
        ("b0: label @0\n    v0 = iconst 1\n    v0 = iconst 2", 3, "defined twice"),
        ("b0: label @0\n    v0 = frobnicate", 2, "no instruction `frobnicate`"),
        ("b0: label @0\n    guard.true", 2, "expected `vN`"),
        ("b0: label @0 (v0:pear)", 1, "no type `pear`"),
        ("b0: label @0 (v0:ptr)\n    v1 = load.int v0 @pear+0", 2, "no alias class"),
        ("b0: label @0\n    v1 = incref v1", 2, "has no result"),
        ("b0: label @0\n    exit e0\n    exit e0", 3, "b0 has ended"),
        ("b0: label @0\n    exit e0 now", 2, "unexpected `now`"),
        ("e0: s0\ns0: frame code=0 resume=1 func=- []", 2, "expected `prev`"),
    ] {
        let error = text::parse(source).expect_err(source);
        assert!(error.line == line && error.message.contains(part), "{error} for\n{source}");
    }
}

#[test]
fn the_verifier_names_the_place() {
    let tail = "e0: s0\ns0: frame code=0 resume=0 prev=0 func=- [v0]";
    for (body, part) in [
        ("v1 = fneg v0\n exit e0", "v1 = fneg: operand v0 is int, not float"),
        ("guard.true v0 !e0\n exit e0", "operand v0 is int, not bool"),
        ("v1 = ilt v0, v0\n guard.true v1\n exit e0", "a guard without exit"),
        ("v1 = iadd v0, v0 !e0\n exit e0", "on what is no guard"),
        ("v1 = iadd v2, v0\n v2 = iadd v0, v0\n exit e0", "operand v2 is not visible"),
        ("open", "still open"),
        ("jump b0() s0", "0 arguments for 1 parameters"),
        ("v1 = fconst 1.0\n jump b0(v1) s0", "argument v1 is float, not int"),
        ("exit e0\nb1: side e0\n exit e0\ne0: s0 -> b1\ns0: frame code=0 resume=0 prev=0 func=- [v9]", "v9"),
    ] {
        let source = format!("func f\nb0: label @0 (v0:int)\n {body}\n{tail}");
        let error = match text::parse(&source) {
            Ok(func) => check::check(&func).expect_err(&source),
            Err(e) => e.to_string(),
        };
        assert!(error.contains(part), "{error} for\n{source}");
    }
}

#[test]
fn visibility_follows_segments_and_preambles() {
    let source = |used: &str| {
        format!(
            "func f\nb0: label @0 (v0:int, v1:bool)\n v2 = iadd v0, v0\n guard.true v1 !e0\n v3 = isub.ovf v0, v2 !e1\n \
             jump b2(v3) s0\nb1: side e0\n exit e2\nb2: label @1 (v4:int)\n v5 = iadd v4, {used}\n jump b2(v5) s0\n\
             b3: side e1\n exit e3\n\
             e0: s0 -> b1\ne1: s0 -> b3\ne2: s1\ne3: s2\ns0: empty\n\
             s1: frame code=0 resume=0 prev=0 func=- [v2]\ns2: frame code=0 resume=0 prev=0 func=- [v2]"
        )
    };
    // The only way to b2 leads through all of b0.
    for used in ["v0", "v2", "v3"] {
        assert_eq!(check::check(&text::parse(&source(used)).unwrap()), Ok(()), "{used}");
    }
    let not_in_side = source("v0").replace("[v2]\ns2", "[v3]\ns2");
    assert!(check::check(&text::parse(&not_in_side).unwrap()).unwrap_err().contains("is not visible"));
    let not_its_own = source("v0").replace("func=- [v2]", "func=- [v3]");
    assert!(check::check(&text::parse(&not_its_own).unwrap()).is_err());
}

#[test]
fn python_division() {
    for (a, b, q, r) in [
        (7i64, 2i64, 3i64, 1i64),
        (-7, 2, -4, 1),
        (7, -2, -4, -1),
        (-7, -2, 3, -1),
        (i64::MIN, 3, -3074457345618258603, 1),
    ] {
        assert_eq!(fold_pure(Op::IFloorDiv, &[a as u64, b as u64]), Some(q as u64), "{a} // {b}");
        assert_eq!(fold_pure(Op::IMod, &[a as u64, b as u64]), Some(r as u64), "{a} % {b}");
    }
    for bad in [0, -1i64] {
        assert_eq!(fold_pure(Op::IMod, &[1, bad as u64]), None);
    }
}

#[test]
fn the_evaluator_reports_what_must_not_happen() {
    let run = |source: &str| {
        let func = text::parse(source).unwrap();
        eval(&func, &mut [0; 4], &mut FakeHost::new(0))
    };
    let trap = "b0: label @0 (v0:int)\n v1 = imod v0, v0\n exit e0\ne0: s0\ns0: empty";
    assert!(matches!(run(trap), Err(EvalError::Trap(_))));
    assert!(matches!(run("b0: label @0\n open"), Err(EvalError::Open(_))));
}
