//! What generic opcode bodies cost against hand-written ones: the ten hottest opcodes, both ways, behind the
//! same calling convention and built with the same options.
//!
//! `cargo bench --ignore-rust-version --bench generic_bodies` prints nanoseconds a call (both include the call
//! and the loop around it). With three arguments, `OPCODE generic|hand ROUNDS`, it runs one form only: under
//! `valgrind --tool=callgrind` the difference of two round counts gives instructions a call.

use seriema_vm::frame::Ip;
use seriema_vm::interp::{Interp, exec};
use seriema_vm::layout::{INT_TAG, TRUE};
use seriema_vm::object::{GlobalCell, RangeIter};
use seriema_vm::op;
use seriema_vm::value::{Value, Word};
use seriema_vm::vm::{Options, Vm};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

type Body = unsafe fn(Ip, *mut Word, *mut Word, *const Word, *mut Vm, u32) -> usize;

#[inline(never)]
unsafe fn generic<const N: u8>(
    ip: Ip,
    sp: *mut Word,
    fp: *mut Word,
    consts: *const Word,
    vm: *mut Vm,
    arg: u32,
) -> usize {
    let mut m = Interp::<false, true>::new(ip, sp, fp, consts, vm);
    if exec(&mut m, N, arg).is_err() {
        return 0;
    }
    m.ip as usize ^ m.sp as usize
}

/// Hand-written bodies: on the raw registers, nothing shared with `ops`.
mod hand {
    use super::*;

    macro_rules! bodies {
        ($($name:ident ($ip:ident, $sp:ident, $fp:ident, $consts:ident, $arg:ident) $body:block)*) => { $(
            #[inline(never)]
            #[allow(unused_mut, unused_variables)]
            pub unsafe fn $name(mut $ip: Ip, mut $sp: *mut Word, $fp: *mut Word, $consts: *const Word, _vm: *mut Vm, $arg: u32) -> usize {
                // SAFETY: the measurement's stack, locals and units are laid out as the opcode wants them.
                unsafe { $body }
                $ip as usize ^ $sp as usize
            }
        )* };
    }

    bodies! {
        load_fast(ip, sp, fp, consts, arg) {
            let w = *fp.add(arg as usize);
            if w.is_ptr() { *(w.0 as *mut u64) += 1; }
            *sp = w;
            sp = sp.add(1);
        }
        store_fast(ip, sp, fp, consts, arg) {
            let slot = fp.add(arg as usize);
            let old = *slot;
            sp = sp.sub(1);
            *slot = *sp;
            if old.is_ptr() { old.decref(); }
        }
        load_const(ip, sp, fp, consts, arg) {
            let w = *consts.add(arg as usize);
            if w.is_ptr() { *(w.0 as *mut u64) += 1; }
            *sp = w;
            sp = sp.add(1);
        }
        load_small_int(ip, sp, fp, consts, arg) {
            *sp = Word(INT_TAG | arg as u64);
            sp = sp.add(1);
        }
        add_int(ip, sp, fp, consts, arg) {
            let (y, x) = (*sp.sub(1), *sp.sub(2));
            if x.0 & y.0 < INT_TAG { return 0; }
            let Some(r) = ((x.0 << 16) as i64).checked_add((y.0 << 16) as i64) else { return 0 };
            sp = sp.sub(1);
            *sp.sub(1) = Word(r as u64 >> 16 | INT_TAG);
            ip = ip.add(5);
        }
        mul_float(ip, sp, fp, consts, arg) {
            let (y, x) = (*sp.sub(1), *sp.sub(2));
            if !x.is_float() || !y.is_float() { return 0; }
            sp = sp.sub(1);
            *sp.sub(1) = Word::from_float(x.float() * y.float());
            ip = ip.add(5);
        }
        compare_int(ip, sp, fp, consts, arg) {
            let (y, x) = (*sp.sub(1), *sp.sub(2));
            if x.0 & y.0 < INT_TAG { return 0; }
            let (a, b) = ((x.0 << 16) as i64, (y.0 << 16) as i64);
            let r = match arg >> 5 & 7 { 0 => a < b, 1 => a <= b, 2 => a == b, 3 => a != b, 4 => a > b, _ => a >= b };
            sp = sp.sub(1);
            *sp.sub(1) = Word::from_bool(r);
            ip = ip.add(1);
        }
        pop_jump_if_false(ip, sp, fp, consts, arg) {
            sp = sp.sub(1);
            ip = ip.add(1);
            if (*sp).0 != TRUE { ip = ip.add(arg as usize); }
        }
        for_range(ip, sp, fp, consts, arg) {
            let w = *sp.sub(1);
            if !w.is_kind(seriema_vm::object::Kind::RangeIter) { return 0; }
            let it: &RangeIter = w.cast();
            let (next, left) = (it.next.get(), it.left.get());
            if left <= 0 {
                ip = ip.add(2 + arg as usize);
            } else {
                let Some(v) = Word::try_small(next) else { return 0 };
                it.left.set(left - 1);
                it.next.set(next.wrapping_add(it.step.get()));
                *sp = v;
                sp = sp.add(1);
                ip = ip.add(1);
            }
        }
        load_global(ip, sp, fp, consts, arg) {
            let cell = ip.cast::<*const GlobalCell>().read_unaligned();
            let w = (*cell).value.get();
            if w.is_ptr() { *(w.0 as *mut u64) += 1; }
            *sp = w;
            sp = sp.add(1);
            if arg & 1 != 0 {
                *sp = Word::NULL;
                sp = sp.add(1);
            }
            ip = ip.add(4);
        }
    }
}

/// (name, generic form, hand-written form, argument, what is on the stack).
const FORMS: &[(&str, Body, Body, u32, [Stack; 2])] = &[
    ("LOAD_FAST", generic::<{ op::LOAD_FAST }>, hand::load_fast, 1, [Stack::Int, Stack::Int]),
    ("STORE_FAST", generic::<{ op::STORE_FAST }>, hand::store_fast, 1, [Stack::Int, Stack::Int]),
    ("LOAD_CONST", generic::<{ op::LOAD_CONST }>, hand::load_const, 0, [Stack::Int, Stack::Int]),
    ("LOAD_SMALL_INT", generic::<{ op::LOAD_SMALL_INT }>, hand::load_small_int, 7, [Stack::Int, Stack::Int]),
    ("BINARY_OP_ADD_INT", generic::<{ op::BINARY_OP_ADD_INT }>, hand::add_int, 0, [Stack::Int, Stack::Int]),
    (
        "BINARY_OP_MUL_FLOAT",
        generic::<{ op::BINARY_OP_MUL_FLOAT }>,
        hand::mul_float,
        5,
        [Stack::Float, Stack::Float],
    ),
    ("COMPARE_OP_INT", generic::<{ op::COMPARE_OP_INT }>, hand::compare_int, 0, [Stack::Int, Stack::Int]),
    (
        "POP_JUMP_IF_FALSE",
        generic::<{ op::POP_JUMP_IF_FALSE }>,
        hand::pop_jump_if_false,
        3,
        [Stack::Int, Stack::True],
    ),
    ("FOR_ITER_RANGE", generic::<{ op::FOR_ITER_RANGE }>, hand::for_range, 3, [Stack::Int, Stack::Range]),
    ("LOAD_GLOBAL_CELL", generic::<{ op::LOAD_GLOBAL_CELL }>, hand::load_global, 0, [Stack::Int, Stack::Int]),
];

#[derive(Clone, Copy)]
enum Stack {
    Int,
    Float,
    True,
    Range,
}

struct Bench {
    vm: Box<Vm>,
    stack: Vec<Word>,
    locals: Vec<Word>,
    consts: Vec<Word>,
    units: Vec<Cell<u16>>,
    held: Vec<Value>,
    cell: Box<GlobalCell>,
}

impl Bench {
    fn new() -> Bench {
        let small = Word::from_small(5);
        let cell =
            GlobalCell { value: Cell::new(small), watched: Cell::new(false), unstable: Cell::new(false) };
        let cell = Box::new(cell);
        let mut units = vec![Cell::new(0); 32];
        let address = &raw const *cell as u64;
        for i in 0..4 {
            units[1 + i] = Cell::new((address >> (16 * i)) as u16);
        }
        Bench {
            vm: Vm::new(Options::default()),
            stack: vec![small; 16],
            locals: vec![small; 4],
            consts: vec![small; 2],
            units,
            held: vec![],
            cell,
        }
    }
    fn run(&mut self, body: Body, arg: u32, top: [Stack; 2], rounds: u64) {
        let words = top.map(|s| match s {
            Stack::Int => Word::from_small(11),
            Stack::Float => Word::from_float(1.5),
            Stack::True => Word::TRUE,
            Stack::Range => {
                let ty = self.vm.types.range_iterator.clone();
                self.held.push(RangeIter::new(&ty, 0, i64::MAX >> 20, 1));
                self.held.last().expect("just pushed").word()
            }
        });
        let body = black_box(body);
        for _ in 0..rounds {
            self.stack[4..6].copy_from_slice(&words);
            // SAFETY: four words below and ten above the stack pointer; one unit before `ip`.
            let r = unsafe {
                let sp = self.stack.as_mut_ptr().add(6);
                let vm = &raw mut *self.vm;
                body(self.units.as_ptr().add(1), sp, self.locals.as_mut_ptr(), self.consts.as_ptr(), vm, arg)
            };
            assert_ne!(black_box(r), 0, "the body bailed");
        }
        assert_eq!(self.cell.value.get(), Word::from_small(5));
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let mut bench = Bench::new();
    if let [name, form, rounds] = args.as_slice() {
        let (_, generic, hand, arg, top) = FORMS.iter().find(|f| f.0 == name).expect("an opcode of the list");
        let body = if form == "hand" { *hand } else { *generic };
        bench.run(body, *arg, *top, rounds.parse().expect("a number"));
        return;
    }
    const ROUNDS: u64 = 20_000_000;
    println!("{:<22}{:>12}{:>12}   ns a call, best of 7, interleaved", "opcode", "generic", "hand");
    for (name, generic, hand, arg, top) in FORMS {
        let mut best = [f64::MAX; 2];
        for _ in 0..7 {
            for (i, body) in [generic, hand].into_iter().enumerate() {
                let begin = Instant::now();
                bench.run(*body, *arg, *top, ROUNDS);
                best[i] = best[i].min(begin.elapsed().as_nanos() as f64 / ROUNDS as f64);
            }
        }
        println!("{name:<22}{:>12.2}{:>12.2}", best[0], best[1]);
    }
}
