//! The bytecode verifier: code that a program brings along (`marshal.loads`, `code.replace`, a .pyc file) is run
//! in the abstract before it becomes a code object. What passes keeps the interpreter's promises: jumps land on
//! instructions, the stack stays between 0 and its size and is equally deep wherever paths meet, arguments name
//! what exists, and each operand is of the kind that an instruction takes for granted (a cell, a list that is
//! being built, the exception that was handled before, no NULL where an object must be).
//!
//! The compiler's own code is believed; development builds verify it too.

use super::effect::effect;
use super::parts::Parts;
use super::{CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_VARARGS, CO_VARKEYWORDS};
use super::{Code, FAST_CELL, FAST_FREE, FAST_LOCAL};
use crate::object::{Str, Tuple};
use crate::op;
use crate::value::Value;

/// What is known of a word on the stack or in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    Null,
    /// An object or NULL.
    Maybe,
    /// Any object.
    Object,
    Code,
    Function,
    List,
    Set,
    Dict,
    Tuple,
    /// A tuple of so many strs.
    Names(u32),
    Str,
    Cell,
    /// An exception that has come to a handler.
    Exception,
    /// What was handled before: an exception or None.
    Handled,
    /// Where a handler's exception was raised.
    Offset,
}

impl Word {
    fn is_object(self) -> bool {
        !matches!(self, Word::Null | Word::Maybe)
    }
    fn is_tuple(self) -> bool {
        matches!(self, Word::Tuple | Word::Names(_))
    }
    fn join(self, other: Word) -> Word {
        match () {
            _ if self == other => self,
            _ if self.is_tuple() && other.is_tuple() => Word::Tuple,
            _ if self.is_object() && other.is_object() => Word::Object,
            _ => Word::Maybe,
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
struct State {
    slots: Vec<Word>,
    stack: Vec<Word>,
    /// RETURN_GENERATOR has run.
    generator: bool,
}

/// One instruction, its prefixes included.
#[derive(Clone, Copy)]
struct Instruction {
    op: u8,
    arg: u32,
    /// The unit behind it and its caches.
    next: usize,
    /// The unit of the opcode itself.
    unit: usize,
}

struct Handler {
    start: usize,
    end: usize,
    target: usize,
    depth: usize,
    offset: bool,
}

struct Verifier<'p> {
    p: &'p Parts,
    /// By unit: is it the start of an instruction?
    starts: Vec<bool>,
    handlers: Vec<Handler>,
    /// By unit: what is known before it, where paths meet.
    known: Vec<Option<State>>,
    /// Units where paths may meet.
    meets: Vec<bool>,
    work: Vec<usize>,
}

/// Says what is wrong with code; nothing, if it may run. Caches must be empty already.
pub fn verify(p: &Parts) -> Result<(), String> {
    let n = p.code.len();
    slots(p)?;
    let mut v = Verifier {
        p,
        starts: vec![false; n],
        handlers: vec![],
        known: vec![None; n],
        meets: vec![false; n],
        work: vec![],
    };
    v.instructions()?;
    v.exception_table()?;
    v.interruptible()?;
    v.run()
}

/// Sets the inline caches to 0: what they hold is the interpreter's affair.
pub fn clear_caches(code: &mut [u16]) {
    let mut at = 0;
    while at < code.len() {
        let caches = op::caches(code[at] as u8);
        let end = (at + 1 + caches).min(code.len());
        code[at + 1..end].fill(0);
        at = end;
    }
}

/// Locals come first, then cells, then free variables.
fn slots(p: &Parts) -> Result<(), String> {
    let class = |k: &u8| match k & (FAST_LOCAL | FAST_CELL | FAST_FREE) {
        FAST_LOCAL => Some(0),
        k if k == FAST_LOCAL | FAST_CELL => Some(0),
        FAST_CELL => Some(1),
        FAST_FREE => Some(2),
        _ => None,
    };
    let mut last = 0;
    for (i, k) in p.kinds.iter().enumerate() {
        match class(k) {
            Some(c) if c >= last => last = c,
            _ => return Err(format!("variable {i} is of no kind that can stand there")),
        }
    }
    Ok(())
}

fn varint(bytes: &mut std::slice::Iter<u8>) -> Option<usize> {
    let mut value = 0usize;
    loop {
        let b = *bytes.next()?;
        value = value.checked_mul(64)?.checked_add(usize::from(b & 63))?;
        if b & 64 == 0 {
            return Some(value);
        }
    }
}

impl Verifier<'_> {
    /// The instruction at a unit, which is a start.
    fn at(&self, unit: usize) -> Instruction {
        let (mut at, mut arg) = (unit, 0u32);
        loop {
            let u = self.p.code[at];
            arg = arg << 8 | u32::from(u >> 8);
            let op = u as u8;
            let next = at + 1 + op::caches(op);
            if op != op::EXTENDED_ARG {
                return Instruction { op, arg, next, unit: at };
            }
            at = next;
        }
    }

    fn wrong<T>(&self, unit: usize, what: impl AsRef<str>) -> Result<T, String> {
        let name = op::name(self.at(unit).op);
        Err(format!("{name} at offset {}: {}", unit * 2, what.as_ref()))
    }

    /// Every instruction is whole and known, and every jump has a target.
    fn instructions(&mut self) -> Result<(), String> {
        let n = self.p.code.len();
        let (mut at, mut prefixes) = (0, 0);
        while at < n {
            let op = self.p.code[at] as u8;
            if op > op::RESUME || !op::known(op) {
                return Err(format!("offset {}: no opcode {op}", at * 2));
            }
            let next = at + 1 + op::caches(op);
            if next > n {
                return Err(format!("offset {}: {} is cut off", at * 2, op::name(op)));
            }
            // A jump goes to the first of the prefixes, not between them.
            self.starts[at] = prefixes == 0;
            prefixes = if op == op::EXTENDED_ARG { prefixes + 1 } else { 0 };
            if prefixes > 3 {
                return Err(format!("offset {}: too many EXTENDED_ARG", at * 2));
            }
            at = next;
        }
        if prefixes > 0 {
            return Err("EXTENDED_ARG at the end".to_owned());
        }
        for unit in 0..n {
            if self.starts[unit]
                && let Some(target) = self.target(unit)?
            {
                self.meets[target] = true;
            }
        }
        Ok(())
    }

    /// Where an instruction may jump to.
    fn target(&self, unit: usize) -> Result<Option<usize>, String> {
        let i = self.at(unit);
        let arg = i.arg as usize;
        let target = match i.op {
            op::JUMP_FORWARD
            | op::POP_JUMP_IF_FALSE
            | op::POP_JUMP_IF_TRUE
            | op::POP_JUMP_IF_NONE
            | op::POP_JUMP_IF_NOT_NONE
            | op::FOR_ITER
            | op::SEND => i.next.checked_add(arg),
            op::JUMP_BACKWARD | op::JUMP_BACKWARD_NO_INTERRUPT | op::END_ASYNC_FOR => i.next.checked_sub(arg),
            _ => return Ok(None),
        };
        let Some(target) = target.filter(|&t| self.starts.get(t) == Some(&true)) else {
            return self.wrong(unit, "the jump's target is no instruction");
        };
        if i.op == op::END_ASYNC_FOR {
            return Ok(None);
        }
        if i.op == op::FOR_ITER {
            let end = self.at(target);
            let behind = self.starts.get(end.next) == Some(&true) && self.at(end.next).op == op::POP_ITER;
            if end.op != op::END_FOR || end.unit != target || !behind {
                return self.wrong(unit, "the loop does not end with END_FOR and POP_ITER");
            }
        }
        if i.op == op::SEND && self.at(target).op != op::END_SEND {
            return self.wrong(unit, "the target is no END_SEND");
        }
        Ok(Some(target))
    }

    fn exception_table(&mut self) -> Result<(), String> {
        let bad = || "exception table is malformed".to_owned();
        let mut t = self.p.exceptiontable.iter();
        let mut last = 0;
        while !t.as_slice().is_empty() {
            let mut number = || varint(&mut t).ok_or_else(bad);
            let (start, length, target, depth) = (number()?, number()?, number()?, number()?);
            let end = start.checked_add(length).ok_or_else(bad)?;
            let is_start = |u: usize| self.starts.get(u) == Some(&true);
            if start < last || end <= start || !is_start(start) || !is_start(target) {
                return Err(bad());
            }
            if end != self.p.code.len() && !is_start(end) {
                return Err(bad());
            }
            last = end;
            self.meets[target] = true;
            // Where protection begins or ends, what is known is kept: it is looked at from there.
            self.handlers.push(Handler { start, end, target, depth: depth >> 1, offset: depth & 1 != 0 });
        }
        Ok(())
    }

    /// Each loop passes an instruction that answers signals or leaves the frame.
    fn interruptible(&self) -> Result<(), String> {
        let next = |unit: usize| -> Result<[Option<usize>; 2], String> {
            let i = self.at(unit);
            Ok(match i.op {
                op::RESUME | op::YIELD_VALUE | op::JUMP_BACKWARD => [None, None],
                op::RETURN_VALUE | op::RAISE_VARARGS | op::RERAISE => [None, None],
                op::JUMP_FORWARD | op::JUMP_BACKWARD_NO_INTERRUPT => [self.target(unit)?, None],
                _ => [Some(i.next).filter(|&n| self.starts.get(n) == Some(&true)), self.target(unit)?],
            })
        };
        // Depth first; a unit is open while what can be reached from it is looked at.
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut seen = vec![0u8; self.p.code.len()];
        for first in (0..seen.len()).filter(|&u| self.starts[u]) {
            if seen[first] != 0 {
                continue;
            }
            let mut path = vec![(first, 0)];
            seen[first] = OPEN;
            while let Some((unit, tried)) = path.last_mut() {
                let unit = *unit;
                let Some(to) = next(unit)?.get(*tried).copied() else {
                    seen[unit] = DONE;
                    path.pop();
                    continue;
                };
                *tried += 1;
                match to.map(|to| (to, seen[to])) {
                    Some((_, OPEN)) => return self.wrong(unit, "a loop that nothing interrupts"),
                    Some((to, 0)) => {
                        seen[to] = OPEN;
                        path.push((to, 0));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn entry(&self) -> State {
        let p = self.p;
        let starred = u32::from(p.flags & CO_VARARGS != 0) + u32::from(p.flags & CO_VARKEYWORDS != 0);
        let arguments = (p.argcount + p.kwonlyargcount + starred) as usize;
        let word = |i| if i < arguments { Word::Object } else { Word::Null };
        let slots = (0..p.kinds.len()).map(word).collect();
        State { slots, stack: vec![], generator: false }
    }

    fn run(&mut self) -> Result<(), String> {
        self.meets[0] = true;
        self.arrive(0, 0, self.entry())?;
        while let Some(unit) = self.work.pop() {
            let Some(mut state) = self.known[unit].clone() else { continue };
            let mut at = unit;
            // The straight line from here.
            while let Some(next) = self.step(at, &mut state)? {
                if self.starts.get(next) != Some(&true) {
                    return self.wrong(at, "the code ends behind it");
                }
                if self.meets[next] {
                    self.arrive(at, next, state)?;
                    break;
                }
                at = next;
            }
        }
        Ok(())
    }

    /// A path comes to a unit where others may come too.
    fn arrive(&mut self, from: usize, unit: usize, state: State) -> Result<(), String> {
        let Some(known) = &mut self.known[unit] else {
            self.known[unit] = Some(state);
            self.work.push(unit);
            return Ok(());
        };
        if known.stack.len() != state.stack.len() || known.generator != state.generator {
            let depths = (known.stack.len(), state.stack.len());
            let what =
                format!("paths meet at offset {} with stacks of {} and {}", unit * 2, depths.0, depths.1);
            return self.wrong(from, what);
        }
        let mut changed = false;
        let old = known.slots.iter_mut().chain(&mut known.stack);
        for (old, new) in old.zip(state.slots.iter().chain(&state.stack)) {
            let joined = old.join(*new);
            changed |= joined != *old;
            *old = joined;
        }
        if changed && !self.work.contains(&unit) {
            self.work.push(unit);
        }
        Ok(())
    }

    /// The handler of an instruction gets to know the state before it.
    fn raise(&mut self, unit: usize, i: Instruction, state: &State, kept: usize) -> Result<(), String> {
        let at = self.handlers.partition_point(|h| h.end <= i.unit);
        let Some(h) = self.handlers.get(at).filter(|h| h.start <= i.unit) else { return Ok(()) };
        let (depth, offset, target) = (h.depth, h.offset, h.target);
        if depth > kept {
            return self.wrong(unit, "its handler keeps more of the stack than there is");
        }
        let mut stack = state.stack[..depth].to_vec();
        if offset {
            stack.push(Word::Offset);
        }
        stack.push(Word::Exception);
        if stack.len() > self.p.stacksize as usize {
            return self.wrong(unit, "its handler needs more stack than there is");
        }
        let state = State { slots: state.slots.clone(), stack, generator: state.generator };
        self.arrive(unit, target, state)
    }

    /// Runs one instruction; the unit behind it, if it goes on there.
    fn step(&mut self, unit: usize, s: &mut State) -> Result<Option<usize>, String> {
        let i = self.at(unit);
        let (takes, leaves) = effect(i.op, i.arg);
        let depth = s.stack.len();
        if takes > depth as u64 {
            return self.wrong(unit, format!("takes {takes} words of a stack of {depth}"));
        }
        let (takes, after) = (takes as usize, depth as u64 - takes + leaves);
        if after > u64::from(self.p.stacksize) {
            return self.wrong(unit, format!("the stack of {} is too small", self.p.stacksize));
        }
        self.argument(unit, i)?;
        let kept = depth - takes + kept_words(i.op, i.arg).min(takes);
        let before = s.clone();
        if can_raise(i.op) {
            self.raise(unit, i, &before, kept)?;
        }
        self.slot_effect(unit, i, s)?;
        self.stack_effect(unit, i, s, takes, leaves as usize)?;
        if s.stack.len() as u64 != after {
            return self.wrong(unit, "the stack effect is not the table's");
        }
        self.follow(unit, i, s)
    }

    /// The argument names something that exists.
    fn argument(&self, unit: usize, i: Instruction) -> Result<(), String> {
        let (p, a) = (self.p, i.arg);
        let slots = p.kinds.len() as u32;
        let (limit, value, what) = match i.op {
            op::LOAD_CONST => (p.consts.len() as u32, a, "constant"),
            op::LOAD_NAME
            | op::STORE_NAME
            | op::DELETE_NAME
            | op::STORE_GLOBAL
            | op::DELETE_GLOBAL
            | op::STORE_ATTR
            | op::DELETE_ATTR
            | op::IMPORT_NAME
            | op::IMPORT_FROM
            | op::LOAD_FROM_DICT_OR_GLOBALS => (p.names.len() as u32, a, "name"),
            op::LOAD_GLOBAL | op::LOAD_ATTR => (p.names.len() as u32, a >> 1, "name"),
            op::LOAD_SUPER_ATTR => (p.names.len() as u32, a >> 2, "name"),
            op::LOAD_FAST
            | op::LOAD_FAST_BORROW
            | op::LOAD_FAST_CHECK
            | op::LOAD_FAST_AND_CLEAR
            | op::STORE_FAST
            | op::DELETE_FAST
            | op::MAKE_CELL
            | op::LOAD_DEREF
            | op::STORE_DEREF
            | op::DELETE_DEREF
            | op::LOAD_FROM_DICT_OR_DEREF => (slots, a, "variable"),
            op::LOAD_FAST_LOAD_FAST
            | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
            | op::STORE_FAST_LOAD_FAST
            | op::STORE_FAST_STORE_FAST => {
                (slots, if a > 255 { u32::MAX } else { (a >> 4).max(a & 15) }, "variable")
            }
            op::BINARY_OP => (27, a, "operator"),
            op::CALL_INTRINSIC_1 => (12, a, "function"),
            op::CALL_INTRINSIC_2 => (6, a, "function"),
            op::LOAD_COMMON_CONSTANT => (5, a, "constant"),
            op::LOAD_SPECIAL => (4, a, "method"),
            op::CONVERT_VALUE => (4, a, "conversion"),
            op::RAISE_VARARGS => (3, a, "form"),
            op::GET_AWAITABLE => (3, a, "form"),
            op::IS_OP | op::CONTAINS_OP => (2, a, "form"),
            op::LOAD_SMALL_INT => (256, a, "number"),
            op::BUILD_SLICE => (2, a.wrapping_sub(2), "form"),
            // These count from the top of the stack, from 1.
            op::COPY
            | op::SWAP
            | op::LIST_APPEND
            | op::LIST_EXTEND
            | op::SET_ADD
            | op::SET_UPDATE
            | op::MAP_ADD
            | op::DICT_UPDATE
            | op::DICT_MERGE => (u32::MAX, a.wrapping_sub(1), "word"),
            op::COPY_FREE_VARS => {
                let free = p.kinds.iter().filter(|&k| k & FAST_FREE != 0).count() as u32;
                (1, if a == free { 0 } else { 1 }, "number of variables")
            }
            _ => return Ok(()),
        };
        if value < limit { Ok(()) } else { self.wrong(unit, format!("there is no {what} {a}")) }
    }

    /// What it does with slots; loads are pushed by `stack_effect`.
    fn slot_effect(&self, unit: usize, i: Instruction, s: &mut State) -> Result<(), String> {
        let a = i.arg as usize;
        let bound = |s: &State, slot: usize| match s.slots[slot].is_object() {
            true => Ok(()),
            false => self.wrong(unit, format!("variable {slot} may have no value")),
        };
        let top = |s: &State, n: usize| s.stack[s.stack.len() - 1 - n];
        match i.op {
            op::LOAD_FAST | op::LOAD_FAST_BORROW => bound(s, a)?,
            op::LOAD_FAST_LOAD_FAST | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                bound(s, a >> 4)?;
                bound(s, a & 15)?;
            }
            op::STORE_FAST => s.slots[a] = top(s, 0),
            op::STORE_FAST_LOAD_FAST => {
                s.slots[a >> 4] = top(s, 0);
                bound(s, a & 15)?;
            }
            op::STORE_FAST_STORE_FAST => {
                s.slots[a >> 4] = top(s, 0);
                s.slots[a & 15] = top(s, 1);
            }
            op::DELETE_FAST => s.slots[a] = Word::Null,
            op::LOAD_FAST_CHECK if !s.slots[a].is_object() => s.slots[a] = Word::Object,
            op::MAKE_CELL => s.slots[a] = Word::Cell,
            op::COPY_FREE_VARS => {
                let first = s.slots.len() - a;
                s.slots[first..].fill(Word::Cell);
            }
            op::LOAD_DEREF | op::STORE_DEREF | op::DELETE_DEREF | op::LOAD_FROM_DICT_OR_DEREF
                if s.slots[a] != Word::Cell =>
            {
                return self.wrong(unit, format!("variable {a} is no cell there"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Its operands are what it takes for granted; its results are pushed.
    fn stack_effect(
        &self,
        unit: usize,
        i: Instruction,
        s: &mut State,
        takes: usize,
        leaves: usize,
    ) -> Result<(), String> {
        let a = i.arg as usize;
        let base = s.stack.len() - takes;
        let top = |n: usize| s.stack[s.stack.len() - 1 - n];
        let need = |ok: bool, what: &str| if ok { Ok(()) } else { self.wrong(unit, format!("needs {what}")) };
        let objects = |from: usize, to: usize| {
            need(s.stack[from..to].iter().all(|w| w.is_object()), "an object, which may be NULL")
        };
        let end = s.stack.len();
        let results = match i.op {
            // These move words, whatever they are.
            op::POP_TOP | op::STORE_FAST | op::STORE_FAST_STORE_FAST => vec![],
            op::STORE_FAST_LOAD_FAST => vec![s.slots[a & 15]],
            op::LOAD_FAST | op::LOAD_FAST_BORROW | op::LOAD_FAST_CHECK => vec![s.slots[a]],
            op::LOAD_FAST_LOAD_FAST | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                vec![s.slots[a >> 4], s.slots[a & 15]]
            }
            op::LOAD_FAST_AND_CLEAR => {
                let w = std::mem::replace(&mut s.slots[a], Word::Null);
                vec![w]
            }
            op::COPY => {
                let w = top(a - 1);
                s.stack.push(w);
                return Ok(());
            }
            op::SWAP => {
                s.stack.swap(end - 1, end - a);
                return Ok(());
            }
            op::PUSH_NULL => vec![Word::Null],
            op::LOAD_CONST => vec![constant(&self.p.consts[a])],
            op::LOAD_GLOBAL => [Word::Object, Word::Null][..leaves].to_vec(),
            op::LOAD_ATTR => {
                objects(base, end)?;
                [Word::Object, Word::Maybe][..leaves].to_vec()
            }
            op::LOAD_SUPER_ATTR => {
                objects(base, end)?;
                [Word::Object, Word::Maybe][..leaves].to_vec()
            }
            op::LOAD_SPECIAL => {
                objects(base, end)?;
                vec![Word::Object, Word::Maybe]
            }
            op::CALL => {
                objects(base, base + 1)?;
                objects(base + 2, end)?;
                vec![Word::Object]
            }
            op::CALL_KW => {
                objects(base, base + 1)?;
                objects(base + 2, end)?;
                need(matches!(top(0), Word::Names(n) if n <= i.arg), "the names of its keyword arguments")?;
                vec![Word::Object]
            }
            op::CALL_FUNCTION_EX => {
                objects(base, base + 1)?;
                objects(base + 2, base + 3)?;
                need(matches!(top(0), Word::Dict | Word::Null), "a dict of keyword arguments")?;
                need(s.stack[base + 1] == Word::Null, "NULL behind the function")?;
                vec![Word::Object]
            }
            op::MAKE_FUNCTION => {
                need(top(0) == Word::Code, "a code object")?;
                vec![Word::Function]
            }
            op::SET_FUNCTION_ATTRIBUTE => {
                need(top(0) == Word::Function, "a new function")?;
                need(matches!(i.arg, 1 | 2 | 8 | 16) && top(1).is_object(), "what this attribute can be")?;
                vec![Word::Function]
            }
            op::BUILD_LIST | op::BUILD_SET | op::BUILD_TUPLE | op::BUILD_MAP => {
                objects(base, end)?;
                vec![match i.op {
                    op::BUILD_LIST => Word::List,
                    op::BUILD_SET => Word::Set,
                    op::BUILD_TUPLE => Word::Tuple,
                    _ => Word::Dict,
                }]
            }
            op::BUILD_STRING => {
                need(s.stack[base..].iter().all(|w| *w == Word::Str), "strs")?;
                vec![Word::Str]
            }
            op::BUILD_TEMPLATE => {
                need(top(0).is_tuple() && top(1).is_tuple(), "two tuples")?;
                vec![Word::Object]
            }
            op::FORMAT_SIMPLE | op::FORMAT_WITH_SPEC | op::CONVERT_VALUE => {
                objects(base, end)?;
                vec![Word::Str]
            }
            op::LIST_APPEND
            | op::LIST_EXTEND
            | op::SET_ADD
            | op::SET_UPDATE
            | op::DICT_UPDATE
            | op::DICT_MERGE => {
                need(top(0).is_object(), "an object")?;
                let (wanted, what) = match i.op {
                    op::LIST_APPEND | op::LIST_EXTEND => (Word::List, "a list that is being built"),
                    op::SET_ADD | op::SET_UPDATE => (Word::Set, "a set that is being built"),
                    _ => (Word::Dict, "a dict that is being built"),
                };
                // SET_ADD looks for itself: it also adds to a set that has a name.
                let ok = top(a) == wanted || i.op == op::SET_ADD && top(a).is_object();
                need(ok, what)?;
                need(i.op != op::DICT_MERGE || top(a + 3).is_object(), "the function that is called")?;
                s.stack.pop();
                return Ok(());
            }
            op::MAP_ADD => {
                need(top(0).is_object() && top(1).is_object(), "objects")?;
                need(top(a + 1) == Word::Dict, "a dict that is being built")?;
                s.stack.truncate(end - 2);
                return Ok(());
            }
            op::PUSH_EXC_INFO => {
                need(top(0) == Word::Exception, "an exception")?;
                vec![Word::Handled, Word::Exception]
            }
            op::POP_EXCEPT => {
                need(top(0) == Word::Handled, "the exception handled before")?;
                vec![]
            }
            op::CHECK_EXC_MATCH => {
                need(top(1).is_object() && top(0).is_object(), "objects")?;
                vec![s.stack[base], Word::Object]
            }
            op::WITH_EXCEPT_START => {
                need(top(0) == Word::Exception && top(4).is_object(), "an exception and a function")?;
                s.stack.push(Word::Object);
                return Ok(());
            }
            op::RERAISE => {
                need(top(0).is_object(), "an exception")?;
                need(a == 0 || top(a) == Word::Offset, "the offset of the exception")?;
                s.stack.pop();
                return Ok(());
            }
            op::END_ASYNC_FOR => {
                need(top(0) == Word::Exception && top(1).is_object(), "an exception")?;
                vec![]
            }
            op::CLEANUP_THROW => {
                need(top(0) == Word::Exception, "an exception")?;
                vec![Word::Object, Word::Object]
            }
            op::CALL_INTRINSIC_1 if a == 3 => {
                need(top(0) == Word::Exception, "an exception")?;
                vec![Word::Exception]
            }
            op::CALL_INTRINSIC_1 => {
                objects(base, end)?;
                vec![if a == 6 { Word::Tuple } else { Word::Object }]
            }
            op::CALL_INTRINSIC_2 => {
                objects(base, end)?;
                need(a != 1 || top(0) == Word::List, "a list of exceptions")?;
                // What sets a function's type parameters leaves the function.
                vec![if a == 4 { top(1) } else { Word::Object }]
            }
            op::MATCH_KEYS => {
                objects(base, end)?;
                need(top(0).is_tuple(), "a tuple of keys")?;
                vec![top(1), top(0), Word::Object]
            }
            op::MATCH_CLASS => {
                objects(base, end)?;
                need(matches!(top(0), Word::Names(_)), "names of attributes")?;
                vec![Word::Object]
            }
            op::RETURN_GENERATOR => {
                let flags = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
                let fresh = s.stack.is_empty() && !s.generator && self.p.flags & flags != 0;
                need(fresh, "the beginning of a generator")?;
                s.generator = true;
                vec![Word::Object]
            }
            op::YIELD_VALUE => {
                objects(base, end)?;
                need(s.generator, "a generator")?;
                vec![Word::Object]
            }
            op::RETURN_VALUE => {
                objects(base, end)?;
                let flags = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
                need(s.generator || self.p.flags & flags == 0, "a generator")?;
                vec![]
            }
            _ => {
                objects(base, end)?;
                // Of what stays, the kind stays known.
                let kept = kept_words(i.op, i.arg).min(takes).min(leaves);
                let mut out = s.stack[base..base + kept].to_vec();
                out.resize(leaves, Word::Object);
                out
            }
        };
        s.stack.truncate(base);
        s.stack.extend(results);
        Ok(())
    }

    /// Where it goes on: jumps are noted; the next unit, if it can come there.
    fn follow(&mut self, unit: usize, i: Instruction, s: &State) -> Result<Option<usize>, String> {
        match i.op {
            op::RETURN_VALUE | op::RAISE_VARARGS | op::RERAISE => return Ok(None),
            op::JUMP_FORWARD | op::JUMP_BACKWARD | op::JUMP_BACKWARD_NO_INTERRUPT => {
                if let Some(target) = self.target(unit)? {
                    self.arrive(unit, target, s.clone())?;
                }
                return Ok(None);
            }
            op::FOR_ITER => {
                if let Some(target) = self.target(unit)? {
                    // A generator's end comes to END_FOR, others go behind it: the state there is the same.
                    self.arrive(unit, target, s.clone())?;
                }
            }
            _ => {
                if let Some(target) = self.target(unit)? {
                    self.arrive(unit, target, s.clone())?;
                }
            }
        }
        Ok(Some(i.next))
    }
}

fn constant(v: &Value) -> Word {
    if v.get::<Code>().is_some() {
        return Word::Code;
    }
    if v.get::<Str>().is_some() {
        return Word::Str;
    }
    match v.get::<Tuple>().map(Tuple::as_slice) {
        Some(t) if t.iter().all(|v| v.get::<Str>().is_some()) => Word::Names(t.len() as u32),
        Some(_) => Word::Tuple,
        None => Word::Object,
    }
}

/// How many of the words that an instruction takes are still there when it raises.
fn kept_words(op: u8, arg: u32) -> usize {
    let a = arg as usize;
    match op {
        op::COPY | op::SWAP | op::LIST_APPEND | op::LIST_EXTEND | op::SET_ADD | op::SET_UPDATE => a,
        op::MAP_ADD | op::DICT_UPDATE | op::RERAISE => a,
        op::DICT_MERGE => a + 3,
        op::WITH_EXCEPT_START => 5,
        op::FOR_ITER | op::SEND | op::GET_ANEXT | op::IMPORT_FROM | op::CHECK_EXC_MATCH => 1,
        // What is thrown into a generator comes when the word that was sent is there.
        op::YIELD_VALUE => 1,
        op::MATCH_MAPPING | op::MATCH_SEQUENCE | op::GET_LEN => 1,
        op::MATCH_KEYS => 2,
        op::END_ASYNC_FOR => 1,
        op::CLEANUP_THROW => 2,
        _ => 0,
    }
}

/// Instructions that only move words, and never raise.
fn can_raise(op: u8) -> bool {
    !matches!(
        op,
        op::NOP
            | op::COPY
            | op::SWAP
            | op::PUSH_NULL
            | op::LOAD_CONST
            | op::LOAD_SMALL_INT
            | op::LOAD_FAST
            | op::LOAD_FAST_BORROW
            | op::LOAD_FAST_LOAD_FAST
            | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
            | op::LOAD_FAST_AND_CLEAR
            | op::JUMP_FORWARD
            | op::NOT_TAKEN
            | op::PUSH_EXC_INFO
            | op::POP_EXCEPT
            | op::EXTENDED_ARG
    )
}
