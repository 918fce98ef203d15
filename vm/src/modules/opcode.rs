//! Module `_opcode`: what `opcode` and `dis` want to know of the bytecode.
//!
//! `co_code` is CPython 3.14's own bytecode, so these are its numbers, instrumented forms and the compiler's
//! pseudo-instructions (above 255) included.

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("stack_effect", 0, 3, stack_effect).sig("($module, opcode, oparg=None, /, *, jump=None)"),
    BuiltinDef::kw("is_valid", 0, 1, |vm, a, k| test(vm, "is_valid", a, k, is_valid)),
    BuiltinDef::kw("has_arg", 0, 1, |vm, a, k| test(vm, "has_arg", a, k, has_arg)),
    BuiltinDef::kw("has_const", 0, 1, |vm, a, k| test(vm, "has_const", a, k, |op| op == 82)),
    BuiltinDef::kw("has_name", 0, 1, |vm, a, k| test(vm, "has_name", a, k, has_name)),
    BuiltinDef::kw("has_jump", 0, 1, |vm, a, k| test(vm, "has_jump", a, k, has_jump)),
    BuiltinDef::kw("has_free", 0, 1, |vm, a, k| test(vm, "has_free", a, k, has_free)),
    BuiltinDef::kw("has_local", 0, 1, |vm, a, k| test(vm, "has_local", a, k, has_local)),
    BuiltinDef::kw("has_exc", 0, 1, |vm, a, k| test(vm, "has_exc", a, k, has_exc)),
    BuiltinDef::new("get_nb_ops", 0, 0, nb_ops),
    BuiltinDef::new("get_intrinsic1_descs", 0, 0, |vm, _, _| names(vm, &INTRINSICS_1)),
    BuiltinDef::new("get_intrinsic2_descs", 0, 0, |vm, _, _| names(vm, &INTRINSICS_2)),
    BuiltinDef::new("get_special_method_names", 0, 0, |vm, _, _| names(vm, &SPECIAL_METHODS)),
    BuiltinDef::new("get_specialization_stats", 0, 0, |_, _, _| Ok(Value::NONE)),
    // Regions are no executors in CPython's sense: code objects never show them.
    BuiltinDef::kw("get_executor", 0, 2, |vm, a, k| {
        let [code, _] = vm.bind_args("get_executor", ["code", "offset"], 0, 2, a, k)?;
        match code {
            Some(c) if c.is_kind(crate::object::Kind::Code) => Ok(Value::NONE),
            c => {
                let class = vm.type_name(&c.unwrap_or(Value::NONE));
                vm.fail("TypeError", format!("expected a code object, not '{class}'"))
            }
        }
    }),
];

const INTRINSICS_1: [&str; 12] = [
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];
const INTRINSICS_2: [&str; 6] = [
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];
const SPECIAL_METHODS: [&str; 4] = ["__enter__", "__exit__", "__aenter__", "__aexit__"];
const OPERATORS: [(&str, &str); 13] = [
    ("ADD", "+"),
    ("AND", "&"),
    ("FLOOR_DIVIDE", "//"),
    ("LSHIFT", "<<"),
    ("MATRIX_MULTIPLY", "@"),
    ("MULTIPLY", "*"),
    ("REMAINDER", "%"),
    ("OR", "|"),
    ("POWER", "**"),
    ("RSHIFT", ">>"),
    ("SUBTRACT", "-"),
    ("TRUE_DIVIDE", "/"),
    ("XOR", "^"),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_opcode", FUNCTIONS);
    for name in ["ENABLE_SPECIALIZATION", "ENABLE_SPECIALIZATION_FT"] {
        vm.set_global(&m, name, Value::small(1));
    }
    Ok(m)
}

fn names(vm: &mut Vm, all: &[&str]) -> R<Value> {
    let all = all.iter().map(|n| vm.intern(n)).collect();
    Ok(vm.list(all))
}

fn nb_ops(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let mut all = vec![];
    for (inplace, suffix) in [("", ""), ("INPLACE_", "=")] {
        for (name, sign) in OPERATORS {
            let pair = [format!("NB_{inplace}{name}"), format!("{sign}{suffix}")];
            let pair = pair.map(|s| vm.string(s)).to_vec();
            all.push(vm.tuple(pair));
        }
    }
    let pair = ["NB_SUBSCR", "[]"].map(|s| vm.str(s)).to_vec();
    all.push(vm.tuple(pair));
    Ok(vm.list(all))
}

fn test(vm: &mut Vm, name: &str, args: &[Value], kw: Kw, f: fn(i64) -> bool) -> R<Value> {
    let [op] = vm.bind_args(name, ["opcode"], 0, 1, args, kw)?;
    let op = vm.index_i64(&op.unwrap_or(Value::NONE), "opcode")?;
    Ok(Value::bool(is_valid(op) && f(op)))
}

/// 121 to 127 and 212 to 233 mean nothing; 129 to 211 are CPython's specialised forms.
fn is_valid(op: i64) -> bool {
    matches!(op, 0..=2 | 4..=120 | 128..=211 | 234..=266) || op == 3
}
fn has_arg(op: i64) -> bool {
    matches!(op, 44..=120 | 128 | 237 | 239 | 241..=245 | 247..=251 | 253 | 255 | 257..=261 | 263..=266)
}
fn has_name(op: i64) -> bool {
    matches!(op, 61 | 64 | 65 | 72 | 73 | 80 | 91..=93 | 96 | 110 | 115 | 116 | 249)
}
fn has_jump(op: i64) -> bool {
    matches!(op, 68 | 70 | 75..=77 | 100..=103 | 106 | 237 | 248 | 257..=260)
}
fn has_free(op: i64) -> bool {
    matches!(op, 62 | 90 | 97 | 111)
}
fn has_local(op: i64) -> bool {
    matches!(op, 63 | 83..=89 | 112..=114 | 261 | 266)
}
fn has_exc(op: i64) -> bool {
    matches!(op, 263..=265)
}

/// How many words more (or fewer) are on the stack behind an instruction.
fn effect(op: i64, arg: i64, jump: Option<bool>) -> Option<i64> {
    Some(match op {
        0 | 5 | 6 | 12 | 14 | 16 | 17 | 19 | 23 | 27 | 28 | 35 | 36 | 39..=42 => 0,
        1 | 8 => -2,
        2 | 7 | 9..=11 | 13 | 20 | 29..=31 => -1,
        4 => -3,
        15 | 18 | 21 | 22 | 24..=26 | 32..=34 | 43 => 1,
        37 => -4,
        38 => -3,
        44 => -1,
        45 => -1 - (arg & 1),
        46 | 48..=51 => 1 - arg,
        47 => 1 - 2 * arg,
        52 | 250 => -1 - arg,
        55 | 251 => -2 - arg,
        53 | 58 | 60 | 62..=65 | 69 | 71 => 0,
        54 | 56 | 57 | 61 | 66 | 67 | 73 | 74 | 78 | 79 => -1,
        59 | 70 | 72 | 81..=86 | 88 | 93..=95 => 1,
        68 => -2,
        75..=77 | 90 | 91 | 97 | 106 | 113 | 117 | 120 | 128 => 0,
        80 => arg & 1,
        87 | 89 => 2,
        92 => 1 + (arg & 1),
        96 | 249 => -2 + (arg & 1),
        98 | 99 | 110 | 114 => -2,
        100..=103 | 105 | 107..=109 | 111 | 112 | 115 | 116 => -1,
        104 => -arg,
        118 => (arg & 0xff) + (arg >> 8),
        119 => arg - 1,
        234..=236 | 241..=244 => -1,
        237 => 1,
        238..=240 | 245..=247 | 253..=255 => 0,
        248 => -2,
        252 => -3,
        256..=260 | 262 => 0,
        261 => 1,
        266 => -1,
        263 => {
            if jump == Some(false) {
                0
            } else {
                2
            }
        }
        264 | 265 => {
            if jump == Some(false) {
                0
            } else {
                1
            }
        }
        _ => return None,
    })
}

/// For base instructions that fall through.
pub(crate) fn net_effect(op: u8, arg: u32) -> i64 {
    effect(op.into(), arg.into(), Some(false)).unwrap_or(0)
}

fn stack_effect(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [op, arg, jump] = vm.bind_args("stack_effect", ["opcode", "oparg", "jump"], 2, 1, args, kw)?;
    let op = vm.index_i64(&op.unwrap_or(Value::NONE), "opcode")?;
    let arg = match arg {
        Some(v) if !v.is_none() => vm.index_i64(&v, "oparg")?,
        _ => 0,
    };
    let jump = match jump {
        None => None,
        Some(v) if v.is_none() => None,
        Some(v) if v.word().is_bool() => Some(v.is(&Value::TRUE)),
        Some(_) => return vm.fail("ValueError", "stack_effect: jump must be False, True or None"),
    };
    match effect(op, arg, jump).filter(|_| is_valid(op)) {
        Some(n) => Ok(vm.int(n)),
        None => vm.fail("ValueError", "invalid opcode or oparg"),
    }
}
