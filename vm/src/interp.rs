//! The interpreter: `Machine` carried out, and the drivers that run `live` units.
//!
//! One `opcodes!` table expands to two drivers over the same bodies:
//!
//! - **Tail chain** (optimised builds on x86-64 and aarch64): a handler for each opcode, ending in a sibling
//!   call through a table, so that each opcode has its own indirect jump and the machine state stays in
//!   argument registers. Every handler has a FAST form, in which calls answer "bail" before any effect, and
//!   a SLOW twin that starts again with the original registers; so the fast one saves no registers.
//!   Stable Rust does not promise the sibling call; `tests/tail_chain.rs` checks that it happens.
//! - **Loop**: a `match` in a loop, for development builds, Miri and other targets.
//!
//! PROBE units run the base opcode on `Interp<true, _>`, which fires events; see `site`.

use crate::attr_cache::{AttrCache, Way, field_key, instance_key, key_of, module_key, plain_key};
use crate::code::Code;
use crate::error::Exc;
use crate::frame::{
    FLAG_ENTRY, FLAG_GENERATOR, FLAG_OBJECT, FLAG_SEND, Frame, HEADER_WORDS, Ip, cached_cell,
};
use crate::layout::{INT_TAG, TRUE};
use crate::machine::{FloatOp, Flow, Helper, IntOp, Machine, Next, Residual, Stop, Target};
use crate::object::{
    ClosureCell, Dict, Flavour, Function, GenState, Generator, GlobalCell, Instance, Intrinsic, Kind, List,
    Method, RangeIter, SeqIter, Set, Str, Tuple,
};
use crate::op::{self, CmpOp};
use crate::ops;
use crate::runtime::generator::{generator_of, leave_special, make_directly, resume_frame, suspend};
use crate::types::descr::{ClassMethod, StaticMethod};
use crate::types::specials::Special;
use crate::value::unguarded;
use crate::value::{Value, Word};
use crate::vm::{Vm, take_locals};
use seriema_monitoring::Event;

/// The machine registers. `FAST`: calls bail; `PROBED`: events fire.
pub struct Interp<const PROBED: bool, const FAST: bool> {
    /// One past the opcode unit under way.
    pub ip: Ip,
    pub sp: *mut Word,
    pub fp: *mut Word,
    pub consts: *const Word,
    pub vm: *mut Vm,
    /// FAST: the VM's list of dying objects is not empty.
    dying: bool,
}

const BAIL: Flow<Word> = Err(Stop::Raise);

impl<const P: bool, const F: bool> Interp<P, F> {
    #[inline(always)]
    pub fn new(ip: Ip, sp: *mut Word, fp: *mut Word, consts: *const Word, vm: *mut Vm) -> Self {
        Interp { ip, sp, fp, consts, vm, dying: false }
    }
    /// Gives up the words of a call and leaves its result.
    ///
    /// # Safety
    /// They are the topmost ones, and the instruction's to give up.
    #[inline(always)]
    unsafe fn end_call(&mut self, words: usize, result: Word) {
        for _ in 0..words {
            self.shrink(1);
            // SAFETY: as promised.
            self.drop(unsafe { *self.sp });
        }
        self.push(result);
    }
    /// The registers of the VM's current frame, about to continue at its `ip`.
    #[inline(always)]
    pub fn load(vm: *mut Vm) -> Self {
        let null = std::ptr::null_mut();
        let mut m = Interp::new(std::ptr::null(), null, null, std::ptr::null(), vm);
        m.reload();
        m
    }
    #[inline(always)]
    fn reload(&mut self) {
        // SAFETY: the VM's current frame is valid whenever the interpreter runs.
        unsafe {
            let f = (*self.vm).frame;
            self.ip = (*f).ip;
            self.sp = (*f).sp;
            self.fp = (*f).locals;
            self.consts = (*(*f).code).consts.as_ptr().cast();
        }
    }
    /// Makes the frame show where we are: before anything that may look at it.
    #[inline(always)]
    pub fn sync(&mut self) {
        // SAFETY: as in `reload`.
        unsafe {
            let f = (*self.vm).frame;
            (*f).ip = self.ip;
            (*f).sp = self.sp;
        }
    }
    #[inline(always)]
    fn vm(&mut self) -> &mut Vm {
        // SAFETY: the VM outlives the interpreter that it runs, and no other borrow of it is live while
        // a primitive works.
        unsafe { &mut *self.vm }
    }
    /// Frees an object whose last reference went: may run Python, so the frame is shown first.
    #[cold]
    #[inline(never)]
    fn free(ip: Ip, sp: *mut Word, vm: *mut Vm, w: Word) {
        // SAFETY: the caller gave up the last reference.
        unsafe {
            (*(*vm).frame).ip = ip;
            (*(*vm).frame).sp = sp;
            crate::object::dealloc(w.header());
        }
    }
    /// What the attribute instruction under way knows of objects with this key.
    #[inline(always)]
    fn attr_way<'a>(&self, key: u64) -> Option<&'a Way> {
        // SAFETY: only the bodies of quickened attribute instructions ask.
        unsafe { AttrCache::find(self.ip, key) }
    }
    #[inline(always)]
    fn both(a: Word, b: Word) -> u64 {
        a.0 & b.0
    }
}

impl<const P: bool, const F: bool> Machine for Interp<P, F> {
    type V = Word;
    const PROBED: bool = P;

    #[inline(always)]
    fn peek(&mut self, depth: usize) -> Word {
        // SAFETY: the opcode's stack effect says that so many words are there (debug builds check).
        unsafe { *self.sp.sub(depth + 1) }
    }
    #[inline(always)]
    fn push(&mut self, v: Word) {
        // SAFETY: the code's stack size covers it.
        unsafe {
            *self.sp = v;
            self.sp = self.sp.add(1);
        }
    }
    #[inline(always)]
    fn set(&mut self, depth: usize, v: Word) {
        // SAFETY: as in `peek`.
        unsafe { *self.sp.sub(depth + 1) = v }
    }
    #[inline(always)]
    fn shrink(&mut self, n: usize) {
        // SAFETY: as in `peek`.
        self.sp = unsafe { self.sp.sub(n) };
    }
    #[inline(always)]
    fn local(&mut self, i: u32) -> Word {
        // SAFETY: the compiler numbers the slots of this code's frames.
        unsafe { *self.fp.add(i as usize) }
    }
    #[inline(always)]
    fn set_local(&mut self, i: u32, v: Word) {
        // SAFETY: as in `local`.
        unsafe { *self.fp.add(i as usize) = v }
    }
    #[inline(always)]
    fn borrow_local(&mut self, i: u32) -> Word {
        self.local(i).incref()
    }
    #[inline(always)]
    fn constant(&mut self, i: u32) -> Word {
        // SAFETY: the compiler numbers the constants.
        unsafe { *self.consts.add(i as usize) }
    }

    #[inline(always)]
    fn own(&mut self, v: Word) -> Word {
        v.incref()
    }
    #[inline(always)]
    fn drop(&mut self, v: Word) {
        if v.is_ptr() {
            // SAFETY: the body gives up a reference it owned; the VM is live.
            unsafe {
                if F {
                    if !(*v.header()).decref_shared() {
                        (*self.vm).dying.add(v);
                        self.dying = true;
                    }
                } else if (*v.header()).decref() {
                    Self::free(self.ip, self.sp, self.vm, v);
                }
            }
        }
    }
    #[inline(always)]
    fn will_drop(&mut self, _v: Word) {}
    #[inline(always)]
    fn null(&mut self) -> Word {
        Word::NULL
    }
    #[inline(always)]
    fn none(&mut self) -> Word {
        Word::NONE
    }
    #[inline(always)]
    fn bool(&mut self, b: bool) -> Word {
        Word::from_bool(b)
    }
    #[inline(always)]
    fn small_int(&mut self, i: i64) -> Word {
        Word::from_small(i)
    }

    #[inline(always)]
    fn jump(&mut self, units: isize) {
        // SAFETY: the compiler's jumps stay inside the code.
        self.ip = unsafe { self.ip.offset(units) };
    }
    #[inline(always)]
    fn poll(&mut self) -> Flow {
        // SAFETY: the VM is live.
        if unsafe { (*self.vm).breaker.get() } != 0 {
            if F {
                return Err(Stop::Raise);
            }
            self.sync();
            self.vm().answer_breaker()?;
        }
        Ok(())
    }
    #[inline(always)]
    fn is_current(&mut self) -> bool {
        // SAFETY: the current frame has a code object.
        unsafe { (*(*(*self.vm).frame).code).seen.get() == (*self.vm).version }
    }
    #[inline(always)]
    fn back_edge(&mut self, units: isize) -> Flow {
        if P {
            self.jump(units);
            return Ok(());
        }
        // SAFETY: JUMP_BACKWARD has one cache unit, the counter.
        let counter = unsafe { &*self.ip };
        let left = counter.get();
        if left == 0 {
            if F {
                return Err(Stop::Raise);
            }
            let at = self.ip;
            self.jump(units);
            self.sync();
            self.vm().hot_back_edge(at);
            self.reload();
            return Ok(());
        }
        counter.set(left - 1);
        self.jump(units);
        Ok(())
    }
    #[inline(always)]
    fn enter_region(&mut self, units: isize) -> Flow {
        if F {
            return Err(Stop::Raise);
        }
        // SAFETY: ENTER_REGION's cache unit holds the index.
        let index = unsafe { (*self.ip).get() };
        self.jump(units);
        self.sync();
        self.vm().enter_region(index);
        self.reload();
        Ok(())
    }
    #[inline(always)]
    fn quicken(&mut self, op: u8) -> Flow {
        if P {
            return Ok(());
        }
        if F {
            return Err(Stop::Raise);
        }
        // SAFETY: the current frame has a code object.
        crate::site::quicken(unsafe { &*(*(*self.vm).frame).code }, self.ip, op);
        Ok(())
    }
    #[inline(always)]
    fn quicken_unless(&mut self, op: u8, v: Word, kinds: &[Kind]) -> Flow {
        match v.kind() {
            Some(k) if kinds.contains(&k) => Ok(()),
            _ => self.quicken(op),
        }
    }
    #[inline(always)]
    fn live_unit(&mut self, ahead: usize) -> u16 {
        // SAFETY: a body asks only within its own code (an instruction that can be fused is not the last).
        unsafe { (*self.ip.add(ahead)).get() }
    }

    #[inline(always)]
    fn is_null(&mut self, v: Word) -> bool {
        v.is_null()
    }
    #[inline(always)]
    fn is_none(&mut self, v: Word) -> bool {
        v == Word::NONE
    }
    #[inline(always)]
    fn ints(&mut self, a: Word, b: Word) -> bool {
        Self::both(a, b) >= INT_TAG
    }
    #[inline(always)]
    fn floats(&mut self, a: Word, b: Word) -> bool {
        a.is_float() && b.is_float()
    }
    #[inline(always)]
    fn is_float(&mut self, v: Word) -> bool {
        v.is_float()
    }
    #[inline(always)]
    fn float_and_int(&mut self, a: Word, b: Word) -> bool {
        // 48 bits are exact as a float.
        a.is_float() && b.is_int() || a.is_int() && b.is_float()
    }
    #[inline(always)]
    fn is_kind(&mut self, v: Word, kind: Kind) -> bool {
        v.is_plain(kind)
    }
    #[inline(always)]
    fn is_bool(&mut self, v: Word) -> bool {
        v.is_bool()
    }
    #[inline(always)]
    fn is_true(&mut self, v: Word) -> bool {
        v.0 == TRUE
    }
    #[inline(always)]
    fn is_same(&mut self, a: Word, b: Word) -> bool {
        a == b
    }

    #[inline(always)]
    fn int_op(&mut self, op: IntOp, a: Word, b: Word) -> Option<Word> {
        match op {
            // Shifted to the top, 48-bit overflow is 64-bit overflow.
            IntOp::Add => {
                let r = ((a.0 << 16) as i64).checked_add((b.0 << 16) as i64)?;
                Some(Word(r as u64 >> 16 | INT_TAG))
            }
            IntOp::Sub => {
                let r = ((a.0 << 16) as i64).checked_sub((b.0 << 16) as i64)?;
                Some(Word(r as u64 >> 16 | INT_TAG))
            }
            IntOp::Mul => {
                let r = ((a.0 << 16) as i64).checked_mul(b.int())?;
                Some(Word(r as u64 >> 16 | INT_TAG))
            }
            _ => Word::try_small(op.eval(a.int(), b.int())?),
        }
    }
    #[inline(always)]
    fn float_op(&mut self, op: FloatOp, a: Word, b: Word) -> Option<Word> {
        let (a, b) = (a.float(), b.float());
        Some(Word::from_float(match op {
            FloatOp::Add => a + b,
            FloatOp::Sub => a - b,
            FloatOp::Mul => a * b,
            FloatOp::Div if b != 0.0 => a / b,
            FloatOp::Div => return None,
        }))
    }
    #[inline(always)]
    fn int_cmp(&mut self, op: CmpOp, a: Word, b: Word) -> Word {
        // The tags are equal, so the shifted words compare as the ints do.
        Word::from_bool(op.eval((a.0 << 16) as i64, (b.0 << 16) as i64))
    }
    #[inline(always)]
    fn float_cmp(&mut self, op: CmpOp, a: Word, b: Word) -> Word {
        Word::from_bool(op.eval(a.float(), b.float()))
    }
    #[inline(always)]
    fn not(&mut self, v: Word) -> Word {
        Word(v.0 ^ 1)
    }
    #[inline(always)]
    fn to_float(&mut self, v: Word) -> Word {
        if v.is_int() { Word::from_float(v.int() as f64) } else { v }
    }
    #[inline(always)]
    fn truth(&mut self, v: Word) -> Option<Word> {
        if v.is_bool() {
            return Some(v);
        }
        if v.is_int() {
            return Some(Word::from_bool(v.int() != 0));
        }
        if v.is_float() {
            return Some(Word::from_bool(v.float() != 0.0));
        }
        if v == Word::NONE {
            return Some(Word::FALSE);
        }
        // SAFETY: the kind is tested, the operand lives in its slot, and keeps its class.
        unsafe {
            if v.is_kind(Kind::Instance) {
                let class = &*(*v.header()).ty();
                return (class.lacks(Special::Bool) && class.lacks(Special::Len)).then_some(Word::TRUE);
            }
            match v.plain_kind()? {
                Kind::Str => Some(Word::from_bool(!v.cast::<Str>().is_empty())),
                Kind::List => Some(Word::from_bool(!v.cast::<List>().is_empty())),
                Kind::Tuple => Some(Word::from_bool(!v.cast::<Tuple>().as_slice().is_empty())),
                Kind::Dict => Some(Word::from_bool(!v.cast::<Dict>().is_empty())),
                Kind::Set => Some(Word::from_bool(!v.cast::<Set>().is_empty())),
                _ => None,
            }
        }
    }
    #[inline(always)]
    fn same(&mut self, a: Word, b: Word) -> Word {
        Word::from_bool(a == b)
    }

    #[inline(always)]
    fn list_item(&mut self, list: Word, index: Word) -> Option<Word> {
        if !list.is_plain(Kind::List) || !index.is_int() {
            return None;
        }
        // SAFETY: kind tested; the list lives in its slot.
        let items = unsafe { list.cast::<List>() }.as_slice();
        let mut i = index.int();
        if i < 0 {
            i += items.len() as i64;
        }
        Some(items.get(i as usize)?.word().incref())
    }
    #[inline(always)]
    fn text_cmp(&mut self, op: CmpOp, a: Word, b: Word) -> Option<Word> {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return None;
        }
        // SAFETY: the operands live in their slots, here and below.
        let equal = unsafe { known::texts_equal(a, b)? };
        Some(Word::from_bool(equal == (op == CmpOp::Eq)))
    }
    #[inline(always)]
    fn dict_item(&mut self, dict: Word, key: Word) -> Option<Word> {
        // SAFETY: as above.
        unsafe { known::dict_item(dict, key) }
    }
    #[inline(always)]
    fn set_dict_item(&mut self, dict: Word, key: Word, v: Word) -> Option<Word> {
        // SAFETY: as above; the body hands its reference over.
        unsafe { known::set_dict_item(dict, key, v) }
    }
    #[inline(always)]
    fn contains(&mut self, container: Word, item: Word) -> Option<Word> {
        // SAFETY: as above.
        unsafe { known::contains(container, item) }.map(Word::from_bool)
    }
    #[inline(always)]
    fn part(&mut self, c: Word, start: Word, stop: Word) -> Option<Word> {
        // SAFETY: as above.
        unsafe { known::part(self.vm, c, start, stop) }
    }
    #[inline(always)]
    fn exchange_part(&mut self, c: Word, start: Word, stop: Word, items: Word) -> bool {
        // SAFETY: as above.
        unsafe { known::exchange_part(c, start, stop, items) }.is_some()
    }
    #[inline(always)]
    fn joined(&mut self, a: Word, b: Word) -> Option<Word> {
        // SAFETY: as above.
        unsafe { known::joined(self.vm, a, b) }
    }
    #[inline(always)]
    fn tuple_item(&mut self, tuple: Word, index: Word) -> Option<Word> {
        if !tuple.is_plain(Kind::Tuple) || !index.is_int() {
            return None;
        }
        // SAFETY: kind tested; the tuple lives in its slot.
        let items = unsafe { tuple.cast::<Tuple>() }.as_slice();
        let mut i = index.int();
        if i < 0 {
            i += items.len() as i64;
        }
        Some(items.get(i as usize)?.word().incref())
    }
    #[inline(always)]
    fn unpack(&mut self, seq: Word, n: usize) -> bool {
        // SAFETY: kinds tested; the sequence lives in its slot; the stack size covers the items.
        unsafe {
            let items = match seq {
                _ if seq.is_plain(Kind::Tuple) => seq.cast::<Tuple>().as_slice(),
                _ if seq.is_plain(Kind::List) => seq.cast::<List>().as_slice(),
                _ => return false,
            };
            if items.len() != n {
                return false;
            }
            self.shrink(1);
            for v in items.iter().rev() {
                self.push(v.word().incref());
            }
        }
        true
    }
    #[inline(always)]
    fn append(&mut self, list: Word, v: Word) -> bool {
        // SAFETY: LIST_APPEND's operand is a list; the body hands its reference over.
        unsafe { list.cast::<List>().try_push(v) }
    }
    #[inline(always)]
    fn resume_in_loop(&mut self, generator: Word, arg: u32) -> bool {
        // SAFETY: kind tested; the stack keeps the generator while its frame is above.
        unsafe {
            if !generator.is_plain(Kind::Generator) || arg > u16::MAX as u32 - 4 {
                return false;
            }
            let g: &Generator = generator.cast();
            if g.flavour != Flavour::Generator || !g.is_suspended() {
                return false;
            }
            self.sync();
            if !resume_frame(self.vm, g, Word::NONE, 0, 1, arg as u16 + 2) {
                return false;
            }
            self.reload();
        }
        true
    }
    #[inline(always)]
    fn resume_by_send(&mut self, arg: u32) -> bool {
        let (receiver, sent) = (self.peek(1), self.peek(0));
        // SAFETY: as above.
        unsafe {
            if !receiver.is_plain(Kind::Generator) || arg > u16::MAX as u32 - 4 {
                return false;
            }
            let g: &Generator = receiver.cast();
            if g.flavour == Flavour::AsyncGenerator
                || !g.is_suspended()
                || g.state.get() == GenState::Created && sent != Word::NONE
            {
                return false;
            }
            self.shrink(1);
            self.sync();
            if !resume_frame(self.vm, g, sent, FLAG_SEND, 1, arg as u16 + 1) {
                self.push(sent);
                return false;
            }
            self.reload();
        }
        true
    }
    #[inline(always)]
    fn is_generator(&mut self, v: Word, flavour: Flavour) -> bool {
        // SAFETY: kind tested; the operand lives in its slot.
        v.is_plain(Kind::Generator)
            && unsafe {
                let g: &Generator = v.cast();
                g.flavour == flavour && g.state.get() != GenState::Delegating
            }
    }
    #[inline(always)]
    fn is_generator_function(&mut self, f: Word) -> bool {
        // SAFETY: the body has seen the kind; the operand lives in its slot.
        unsafe { f.cast::<Function>() }.code().generator_entry != 0
    }
    #[inline(always)]
    fn make_generator(&mut self, args: u32) -> bool {
        // SAFETY: callable, self and arguments are on the stack; they move into the generator.
        unsafe {
            let base = self.sp.sub(args as usize);
            let (callable, self_) = (*base.sub(2), *base.sub(1));
            if !callable.is_kind(Kind::Function) {
                return false;
            }
            let has_self = !self_.is_null() as usize;
            let v = make_directly(self.vm, callable, base.sub(has_self), args as usize + has_self);
            if v.is_null() {
                return false;
            }
            *base.sub(2) = v;
            self.sp = base.sub(1);
            true
        }
    }
    #[inline(always)]
    fn suspend(&mut self, arg: u32) -> bool {
        // SAFETY: the current frame is a generator's; the value moves to the caller's stack.
        unsafe {
            let f = (*self.vm).frame;
            if (*f).flags & FLAG_OBJECT != 0 || !F && (*f).flags & FLAG_ENTRY != 0 {
                return false;
            }
            let v = self.peek(0);
            self.shrink(1);
            self.sync();
            let skip = (*f).ret_skip;
            suspend(self.vm, arg);
            #[cfg(seriema_tail)]
            if F && (*f).flags & FLAG_ENTRY != 0 {
                (*self.vm).yielded = true;
                self.leave_chain(v);
                return true;
            }
            self.reload();
            self.jump(skip as isize);
            self.push(v);
        }
        true
    }
    #[inline(always)]
    fn set_list_item(&mut self, list: Word, index: Word, v: Word) -> bool {
        if !list.is_plain(Kind::List) || !index.is_int() {
            return false;
        }
        // SAFETY: kind tested; the list lives in its slot.
        let list = unsafe { list.cast::<List>() };
        let mut i = index.int();
        if i < 0 {
            i += list.len() as i64;
        }
        if i as usize >= list.len() {
            return false;
        }
        // SAFETY: the body hands its reference over.
        if let Some(old) = list.set(i as usize, unsafe { Value::from_word(v) }) {
            self.drop(old.into_word());
        }
        true
    }
    #[inline(always)]
    fn iter_next(&mut self, iter: Word) -> Next<Word> {
        // SAFETY: kinds tested; the iterator lives in its slot.
        unsafe {
            match iter.kind() {
                Some(Kind::RangeIter) => {
                    let it = iter.cast::<RangeIter>();
                    let (next, left) = (it.next.get(), it.left.get());
                    if left <= 0 {
                        return Next::Done;
                    }
                    match Word::try_small(next) {
                        Some(w) => {
                            it.left.set(left - 1);
                            it.next.set(next.wrapping_add(it.step.get()));
                            Next::Item(w)
                        }
                        None => Next::Other,
                    }
                }
                Some(Kind::SeqIter) => {
                    let it = iter.cast::<SeqIter>();
                    let seq = unguarded(&it.seq);
                    let i = it.index.get();
                    let item = match seq.kind() {
                        Some(Kind::List) => seq.as_::<List>().as_slice().get(i),
                        Some(Kind::Tuple) => seq.as_::<Tuple>().as_slice().get(i),
                        // For strs the index counts bytes.
                        Some(Kind::Str) => match seq.as_::<Str>().bytes().get(i) {
                            Some(c) if !c.is_ascii() => return Next::Other,
                            c => c.map(|c| (*self.vm).latin1_of(*c)),
                        },
                        _ => return Next::Other,
                    };
                    match item {
                        Some(v) => {
                            it.index.set(i + 1);
                            Next::Item(v.word().incref())
                        }
                        // Exhaustion lets go of the sequence.
                        None => {
                            let w = seq.word();
                            it.seq.as_ptr().write(Value::NULL);
                            self.drop(w);
                            Next::Done
                        }
                    }
                }
                _ => Next::Other,
            }
        }
    }
    #[inline(always)]
    fn make_iter(&mut self, v: Word) -> Option<Word> {
        // SAFETY: the VM is live.
        let types = unsafe { &(*self.vm).types };
        match v.plain_kind()? {
            Kind::List => SeqIter::try_new(&types.list_iterator, Value::of(&v)),
            Kind::Tuple => SeqIter::try_new(&types.tuple_iterator, Value::of(&v)),
            Kind::Range => RangeIter::try_new(&types.range_iterator, Value::of(&v).as_()),
            _ => None,
        }
    }
    #[inline(always)]
    fn attr_slot(&mut self, owner: Word) -> Option<Word> {
        let key = instance_key(owner)?;
        // SAFETY: a matching entry names an inline slot.
        unsafe {
            let w = owner.cast::<Instance>().inline_slot(self.attr_way(key)?.value.get().0 as u32).get();
            if w.is_null() { None } else { Some(w.incref()) }
        }
    }
    #[inline(always)]
    fn attr_slot_ahead(&mut self, owner: Word) -> Option<Word> {
        let key = instance_key(owner)?;
        // SAFETY: the body has seen that the unit behind this one is a quickened attribute instruction; a matching
        // entry names an inline slot.
        unsafe {
            let way = AttrCache::find(self.ip.add(1), key)?;
            let w = owner.cast::<Instance>().inline_slot(way.value.get().0 as u32).get();
            if w.is_null() { None } else { Some(w.incref()) }
        }
    }
    #[inline(always)]
    fn attr_of_class(&mut self, owner: Word) -> Option<Word> {
        // The class of that version keeps the value; so do those below.
        Some(self.attr_way(instance_key(owner)?)?.value.get().incref())
    }
    #[inline(always)]
    fn method_of_type(&mut self, owner: Word) -> Option<Word> {
        Some(self.attr_way(plain_key(owner)?)?.value.get().incref())
    }
    #[inline(always)]
    fn tuple_field(&mut self, owner: Word) -> Option<Word> {
        let way = self.attr_way(field_key(owner)?)?;
        // SAFETY: kind tested by the key; the tuple lives in its slot.
        let items = unsafe { owner.cast::<Tuple>() }.as_slice();
        Some(items.get(way.value.get().0 as usize)?.word().incref())
    }
    #[inline(always)]
    fn class_attr(&mut self, owner: Word) -> Option<Word> {
        if !owner.is_kind(Kind::Type) {
            return None;
        }
        Some(self.attr_way(key_of(owner)?)?.value.get().incref())
    }
    #[inline(always)]
    fn static_method(&mut self, owner: Word) -> Option<Word> {
        let w = self.attr_way(key_of(owner)?)?.value.get();
        // SAFETY: nothing changes it meanwhile.
        Some(unsafe { unguarded(&Value::of(&w).native::<StaticMethod>()?.func) }.word().incref())
    }
    #[inline(always)]
    fn class_method(&mut self, owner: Word) -> Option<(Word, Word)> {
        let w = self.attr_way(key_of(owner)?)?.value.get();
        // SAFETY: nothing changes it meanwhile.
        let f = unsafe { unguarded(&Value::of(&w).native::<ClassMethod>()?.func) }.word();
        if !f.is_kind(Kind::Function) {
            return None;
        }
        let class = match owner.is_kind(Kind::Type) {
            true => owner,
            // SAFETY: what has a key is an object.
            false => Word(unsafe { (*owner.header()).ty() } as u64),
        };
        Some((f.incref(), class.incref()))
    }
    #[inline(always)]
    fn module_attr(&mut self, owner: Word) -> Option<Word> {
        let cell = self.attr_way(module_key(owner)?)?.value.get().0 as *const GlobalCell;
        // SAFETY: a dict of that id and those keys keeps the cell.
        let w = unsafe { (*cell).value.get() };
        if w.is_null() { None } else { Some(w.incref()) }
    }
    #[inline(always)]
    fn set_attr_slot(&mut self, owner: Word, v: Word) -> Option<Word> {
        let way = self.attr_way(instance_key(owner)?)?;
        // SAFETY: as in `attr_slot`; the body hands its reference over.
        unsafe {
            let i = owner.cast::<Instance>();
            let next = way.next.get();
            if !next.is_null() {
                i.set_shape(next);
            }
            Some(i.inline_slot(way.value.get().0 as u32).replace(v))
        }
    }
    #[inline(always)]
    fn global(&mut self, _name: u32) -> Option<Word> {
        None
    }
    #[inline(always)]
    fn set_global(&mut self, name: u32, v: Word) -> Option<Word> {
        // SAFETY: the compiler numbers the names; the body hands its reference over.
        unsafe { known::set_global(self.vm, name, v) }
    }
    #[inline(always)]
    fn cell_value(&mut self, slot: u32) -> Option<Word> {
        let cell = self.local(slot);
        // SAFETY: the compiler puts a cell into this slot before it reads one.
        let w = unsafe { cell.cast::<ClosureCell>() }.value.get();
        if w.is_null() { None } else { Some(w) }
    }
    #[inline(always)]
    fn set_cell_value(&mut self, slot: u32, v: Word) -> Option<Word> {
        // SAFETY: as above.
        Some(unsafe { self.local(slot).cast::<ClosureCell>() }.value.replace(v))
    }
    #[inline(always)]
    fn cached_global(&mut self) -> Word {
        // SAFETY: only LOAD_GLOBAL_CELL asks, whose caches hold the cell.
        unsafe { cached_cell(self.ip) }.value.get().incref()
    }

    #[inline(always)]
    fn call(&mut self, helper: &'static Helper, arg: u32, operands: &[Word]) -> Flow<Word> {
        if F {
            return BAIL;
        }
        self.sync();
        Ok((helper.run)(self.vm(), arg, operands)?)
    }
    #[inline(always)]
    fn residual(&mut self, run: Residual, arg: u32) -> Flow {
        if F {
            return Err(Stop::Raise);
        }
        self.sync();
        let r = run(self.vm(), arg);
        // On exit the frame is that of a Rust caller, maybe of no code.
        if r != Err(Stop::Exit) {
            self.reload();
        }
        r
    }
    #[inline(always)]
    fn enter_function(&mut self, args: u32, skip: u16) -> Flow<bool> {
        Ok(self.enter_python::<false>(args, skip))
    }
    #[inline(always)]
    fn enter_getitem(&mut self) -> Flow<bool> {
        // FAST handlers leave it to their twins: the general form calls in any case.
        if F || !self.peek(1).is_kind(Kind::Instance) {
            return Ok(false);
        }
        self.sync();
        let entered = self.vm().enter_getitem()?;
        if entered {
            self.reload();
        }
        Ok(entered)
    }
    #[inline(always)]
    fn enter_with_defaults(&mut self, args: u32, skip: u16) -> bool {
        self.enter_python::<true>(args, skip)
    }
    #[inline(always)]
    fn expand_method(&mut self, args: u32) -> bool {
        // SAFETY: callable and self are on the stack; the method is not the last reference to what it holds.
        unsafe {
            let base = self.sp.sub(args as usize + 2);
            let (callable, self_) = (*base, *base.add(1));
            if !callable.is_kind(Kind::Method) || !self_.is_null() || (*callable.header()).count() == 1 {
                return false;
            }
            let m: &Method = callable.cast();
            base.write(m.func.word().incref());
            base.add(1).write(m.self_.word().incref());
            (*callable.header()).decref();
        }
        true
    }
    #[inline(always)]
    fn tuple_of_list(&mut self) -> bool {
        let list = self.peek(0);
        // SAFETY: the operand lives in its slot.
        let Some(t) = (unsafe { known::tuple_of_list(self.vm, list) }) else { return false };
        self.set(0, t);
        self.drop(list);
        true
    }
    #[inline(always)]
    fn make_function(&mut self) -> bool {
        let code = self.peek(0);
        // SAFETY: as above; the reference to the code is handed over.
        let Some(f) = (unsafe { known::new_function(self.vm, code) }) else { return false };
        self.set(0, f);
        true
    }
    #[inline(always)]
    fn init_closure(&mut self, function: Word, cells: Word) -> bool {
        if !cells.is_plain(Kind::Tuple) {
            return false;
        }
        // SAFETY: MAKE_FUNCTION has just made it: nobody else has seen it; the body hands its reference over.
        unsafe { Function::init_closure(function, Value::from_word(cells)) };
        true
    }
    #[inline(always)]
    fn make_list(&mut self, n: u32) -> bool {
        // SAFETY: the words are on the stack, whose references move to the list.
        unsafe {
            let first = self.sp.sub(n as usize);
            let Some(list) = List::try_of::<false>(&(*self.vm).types.list, first, n as usize) else {
                return false;
            };
            first.write(list);
            self.sp = first.add(1);
        }
        true
    }
    #[inline(always)]
    fn make_tuple(&mut self, n: u32) -> bool {
        // SAFETY: as in `make_list`.
        unsafe {
            let first = self.sp.sub(n as usize);
            let Some(tuple) = Tuple::try_of::<false>(&(*self.vm).types.tuple, first, n as usize) else {
                return false;
            };
            first.write(tuple);
            self.sp = first.add(1);
        }
        true
    }
    #[inline(always)]
    fn call_known(&mut self, _args: u32) -> Flow<bool> {
        Ok(false)
    }
    #[inline(always)]
    fn call_intrinsic(&mut self, which: Intrinsic, args: u32) -> bool {
        let words = args as usize + 2;
        // SAFETY: callable, self and arguments are on the stack, and their references the instruction's to give up.
        unsafe {
            let Some(r) = known::call(self.vm, self.sp.sub(words), which, args) else { return false };
            self.end_call(words, r);
        }
        true
    }
    #[inline(always)]
    fn leave_function(&mut self) -> Flow {
        self.leave_python()
    }
    #[inline(always)]
    fn leave_generator(&mut self) -> Flow {
        if F { self.end_generator() } else { self.residual(leave_special, 0) }
    }

    #[inline(always)]
    fn event(&mut self, event: Event, target: Target) -> Flow {
        if !P {
            return Ok(());
        }
        self.sync();
        // SAFETY: a target lies inside the code.
        let target = unsafe { self.ip.offset(target) };
        let r = self.vm().fire_local(event, target);
        let jumped = self.vm().take_jump();
        if r.is_ok() && !jumped {
            // Only a callback that sets `f_lineno`, or fails, moves the frame.
            return Ok(());
        }
        self.reload();
        r?;
        Err(Stop::Jump)
    }
}

macro_rules! drivers {
    ($($num:literal $name:ident $module:ident :: $body:ident $caches:literal ($($effect:tt)*) [$($event:ident)?];)*) => {
        /// Runs one instruction's body.
        #[inline(always)]
        pub fn exec<M: Machine>(m: &mut M, op: u8, arg: u32) -> Flow {
            match op {
                $($num => ops::$module::$body(m, arg),)*
                _ => ops::stack::unsupported(m, op as u32),
            }
        }
    };
}
crate::opcodes!(drivers);

/// Runs the VM's current frame until the entry frame it belongs to returns or raises.
#[inline]
pub fn run(vm: &mut Vm) -> Result<Value, Exc> {
    #[cfg(seriema_tail)]
    tail::run(vm);
    #[cfg(not(seriema_tail))]
    run_loop(vm);
    vm.take_result()
}

/// The loop driver.
#[cfg_attr(seriema_tail, allow(dead_code))]
fn run_loop(vm: *mut Vm) {
    let mut m = Interp::<false, false>::load(vm);
    let mut arg = 0u32;
    loop {
        // SAFETY: `ip` stays inside the code: the compiler ends every path in a jump, return or raise.
        let unit = unsafe { (*m.ip).get() };
        m.jump(1);
        arg = arg << 8 | (unit >> 8) as u32;
        let mut opcode = unit as u8;
        if opcode == op::EXTENDED_ARG {
            continue;
        }
        let r = if opcode == op::PROBE {
            m.sync();
            match m.vm().probe() {
                Ok(base) => {
                    m.reload();
                    opcode = base as u8;
                    if opcode == op::EXTENDED_ARG {
                        continue;
                    }
                    let mut p = Interp::<true, false>::new(m.ip, m.sp, m.fp, m.consts, vm);
                    let r = exec(&mut p, opcode, arg);
                    m = Interp::new(p.ip, p.sp, p.fp, p.consts, vm);
                    r
                }
                Err(e) => Err(e.into()),
            }
        } else {
            exec(&mut m, opcode, arg)
        };
        arg = 0;
        match r {
            Ok(()) => {}
            Err(Stop::Exit) => return,
            // The frame has been moved; the registers show where to.
            Err(Stop::Jump) => {}
            Err(Stop::Raise) => {
                m.sync();
                if !m.vm().unwind() {
                    return;
                }
                m.reload();
            }
        }
    }
}

mod dying;
mod frames;
mod known;
#[cfg(seriema_tail)]
mod tail;

pub(crate) use dying::Dying;
