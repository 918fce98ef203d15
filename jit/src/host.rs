//! The real machine as a `Host` of the IR evaluator: `--jit=eval`.

use crate::ir::eval::Host;
use seriema_vm::layout::{COUNT_MASK, HEADER_KIND};
use seriema_vm::object::Tag;
use seriema_vm::runtime::HELPERS;
use seriema_vm::value::Word;
use seriema_vm::vm::Vm;

pub struct Real {
    pub vm: *mut Vm,
}

/// What compiled code calls for helper `H`: the operation's argument and up to two operands, as words.
pub extern "C" fn leaf<const H: usize>(vm: *mut Vm, arg: u64, a: u64, b: u64) -> u64 {
    call_leaf(vm, H, arg, a, b)
}

fn call_leaf(vm: *mut Vm, helper: usize, arg: u64, a: u64, b: u64) -> u64 {
    let Some(run) = HELPERS[helper].leaf else { return 0 };
    // SAFETY: compiled code passes the VM that runs it, which nothing else borrows meanwhile; operands that
    // the helper's arity does not count are not looked at.
    run(unsafe { &mut *vm }, Word(arg).int() as u32, &[Word(a), Word(b)]).0
}

macro_rules! leaves {
    ($($n:literal)*) => { &[$(leaf::<$n> as *const () as usize),*] };
}
/// Addresses for compiled code, by helper index.
pub static LEAVES: std::sync::LazyLock<Vec<usize>> = std::sync::LazyLock::new(|| {
    let all: &[usize] = leaves!(0 1 2 3 4 5 6 7 8 9);
    assert_eq!(all.len(), HELPERS.len(), "one entry for each helper");
    all.to_vec()
});

impl Host for Real {
    fn is_int(&self, w: u64) -> bool {
        Word(w).is_int()
    }
    fn is_float(&self, w: u64) -> bool {
        Word(w).is_float()
    }
    fn is_bool(&self, w: u64) -> bool {
        Word(w).is_bool()
    }
    fn is_kind(&self, w: u64, kind: u16) -> bool {
        // SAFETY: words of a trace are live values.
        Word(w).is_ptr() && unsafe { *(w as *const u8).add(HEADER_KIND).cast::<u16>() } & Tag::MASK == kind
    }
    fn to_int(&self, w: u64) -> i64 {
        Word(w).int()
    }
    fn to_float(&self, w: u64) -> u64 {
        Word(w).float().to_bits()
    }
    fn to_bool(&self, w: u64) -> bool {
        Word(w) == Word::TRUE
    }
    fn to_ptr(&self, w: u64) -> u64 {
        w
    }
    fn box_int(&self, i: i64) -> u64 {
        Word::from_small(i).0
    }
    fn box_float(&self, bits: u64) -> u64 {
        Word::from_float(f64::from_bits(bits)).0
    }
    fn box_bool(&self, b: bool) -> u64 {
        Word::from_bool(b).0
    }
    fn load(&mut self, addr: u64) -> u64 {
        // SAFETY: addresses in a trace come from guarded objects and from the VM.
        unsafe { *(addr as *const u64) }
    }
    fn store(&mut self, addr: u64, value: u64) {
        // SAFETY: as in `load`.
        unsafe { *(addr as *mut u64) = value }
    }
    fn incref(&mut self, w: u64) {
        Word(w).incref();
    }
    fn decref(&mut self, w: u64) {
        // SAFETY: the trace owned the reference; a guard saw that it is not the last.
        unsafe { Word(w).decref() }
    }
    fn is_shared(&self, w: u64) -> bool {
        // SAFETY: as in `is_kind`.
        !Word(w).is_ptr() || unsafe { *(w as *const u64) } & COUNT_MASK != 1
    }
    fn call(&mut self, index: u64, args: &[u64]) -> u64 {
        let arg = |i: usize| args.get(i).copied().unwrap_or(0);
        call_leaf(self.vm, index as usize, arg(0), arg(1), arg(2))
    }
}
