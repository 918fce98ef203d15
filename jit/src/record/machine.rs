//! `Machine` for the recorder: each primitive carried out and written down.

use super::{Abort, Class, Recorder, Shadow, ShadowFrame, V};
use crate::ir::{Alias, Op, Ref, Ty};
use seriema_monitoring::Event;
use seriema_vm::layout::{LIST_ITEMS, LIST_LEN};
use seriema_vm::machine::{FloatOp, Flow, Helper, IntOp, Machine, Next, Residual, Stop, Target};
use seriema_vm::object::{
    Builtin, ClosureCell, Flavour, Function, Intrinsic, Kind, List, Range, RangeIter, SeqIter, Tag, Type,
};
use seriema_vm::op::CmpOp;
use seriema_vm::runtime::HELPERS;
use seriema_vm::runtime::name::{DELETED, global_home};
use seriema_vm::value::{Value, Word};
use seriema_vm::watch::WatchKey;
use std::mem::offset_of;

impl Recorder<'_> {
    fn stop<T>(&mut self, why: Abort) -> Flow<T> {
        self.abort.get_or_insert(why);
        Err(Stop::Raise)
    }
    fn slot(&mut self, depth: usize) -> &mut Shadow {
        let slots = &mut self.top().slots;
        let n = slots.len();
        &mut slots[n - 1 - depth]
    }
    fn number(&self, v: V) -> Option<i64> {
        match v.s {
            Shadow::Const(w) if w.is_int() => Some(w.int()),
            _ => None,
        }
    }

    /// Emits an int operation whose concrete result is `result`.
    fn emit_int_op(&mut self, op: IntOp, a: V, b: V) -> Ref {
        let (x, y) = (self.unboxed(a), self.unboxed(b));
        match op {
            IntOp::Add => self.guard(Op::IAddOvf, &[x, y], 0),
            IntOp::Sub => self.guard(Op::ISubOvf, &[x, y], 0),
            IntOp::Mul => self.guard(Op::IMulOvf, &[x, y], 0),
            IntOp::And => self.emit(Op::IAnd, &[x, y], 0),
            IntOp::Or => self.emit(Op::IOr, &[x, y], 0),
            IntOp::Xor => self.emit(Op::IXor, &[x, y], 0),
            IntOp::Shl => {
                self.guard_shift_count(y, b);
                let r = self.emit(Op::IShl, &[x, y], 0);
                let back = self.emit(Op::IShr, &[r, y], 0);
                let same = self.emit(Op::IEq, &[back, x], 0);
                self.guard_that(same, true);
                r
            }
            IntOp::Shr => {
                self.guard_shift_count(y, b);
                self.emit(Op::IShr, &[x, y], 0)
            }
            IntOp::FloorDiv | IntOp::Mod => {
                if self.number(b).is_none() {
                    for bad in [0, -1] {
                        let c = self.iconst(bad);
                        let is = self.emit(Op::IEq, &[y, c], 0);
                        self.guard_that(is, false);
                    }
                }
                self.emit(if op == IntOp::FloorDiv { Op::IFloorDiv } else { Op::IMod }, &[x, y], 0)
            }
        }
    }
    fn guard_shift_count(&mut self, count: Ref, v: V) {
        if self.number(v).is_none() {
            let limit = self.iconst(64);
            let ok = self.emit(Op::IULt, &[count, limit], 0);
            self.guard_that(ok, true);
        }
    }

    /// Items pointer of a list and the index, guarded to be in bounds.
    fn element(&mut self, list: V, index: V) -> (Ref, Ref) {
        let p = self.address(list);
        let len = self.load(Op::LoadInt, &[p], LIST_LEN, Alias::ListHeader);
        let mut i = self.unboxed(index);
        if index.w.int() < 0 {
            let zero = self.iconst(0);
            let negative = self.emit(Op::ILt, &[i, zero], 0);
            self.guard_that(negative, true);
            i = self.emit(Op::IAdd, &[i, len], 0);
        }
        let ok = self.emit(Op::IULt, &[i, len], 0);
        self.guard_that(ok, true);
        let items = self.load(Op::LoadPtr, &[p], LIST_ITEMS, Alias::ListHeader);
        (items, i)
    }

    /// Is the index an int that is in bounds of the list now?
    fn in_bounds(&mut self, list: V, index: V) -> bool {
        if self.class_of(list) != Class::Kind(Tag::LIST)
            || self.class_of(index) != Class::Int
            || !index.w.is_int()
        {
            return false;
        }
        let len = Value::of(&list.w).as_::<List>().len() as i64;
        (-len..len).contains(&index.w.int())
    }

    /// The call below is `range(...)` or `len(list)`: done in the trace.
    fn intrinsic(&mut self, args: usize) -> Flow<bool> {
        let callable = self.peek(args + 1);
        let null = self.peek(args);
        if null.s != Shadow::Null {
            return Ok(false);
        }
        let Shadow::Const(f) = callable.s else { return Ok(false) };
        let f = Value::of(&f).clone();
        if f.get::<Type>().is_some() && f.is(&self.vm().types.range.clone()) {
            return self.make_range(args);
        }
        let is_len = f.get::<Builtin>().is_some_and(|b| b.intrinsic == Intrinsic::Len);
        if is_len && args == 1 {
            let v = self.peek(0);
            if self.class_of(v) == Class::Kind(Tag::LIST) && v.s.is_owned_or_borrowed() {
                self.will_drop(v);
                let p = self.address(v);
                let len = self.load(Op::LoadInt, &[p], LIST_LEN, Alias::ListHeader);
                let n = Value::of(&v.w).as_::<List>().len() as i64;
                let r = self.value(Word::from_small(n), len);
                self.finish_call(args, r, &[v, callable]);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn make_range(&mut self, args: usize) -> Flow<bool> {
        let vs: Vec<V> = (0..args).rev().map(|i| self.peek(i)).collect();
        for v in &vs {
            if self.class_of(*v) != Class::Int || !v.w.is_int() {
                return Ok(false);
            }
        }
        let (start, stop) = match vs.as_slice() {
            [stop] => (V { w: Word::from_small(0), s: Shadow::Const(Word::from_small(0)) }, *stop),
            [start, stop] => (*start, *stop),
            _ => return Ok(false),
        };
        let one = Word::from_small(1);
        let (ra, rb, rc) = (self.unboxed(start), self.unboxed(stop), self.iconst(1));
        let words: Vec<Value> = [start.w, stop.w, one].iter().map(|w| w.to_value()).collect();
        let [a, b, c] = <[Value; 3]>::try_from(words).expect("three values");
        let ty = self.vm().types.range.clone();
        let w = Range::new(&ty, a, b, c).into_word();
        let callable = self.peek(args + 1);
        self.finish_call(args, V { w, s: Shadow::Range { start: ra, stop: rb, step: rc } }, &[callable]);
        Ok(true)
    }

    /// Takes the call's words off the stack (dropping `operands`) and leaves the result.
    fn finish_call(&mut self, args: usize, r: V, operands: &[V]) {
        self.shrink(args + 2);
        self.push(r);
        self.jump(3);
        for v in operands {
            self.drop(*v);
        }
    }
}

impl Shadow {
    /// An SSA value of the trace, not something virtual.
    fn is_owned_or_borrowed(&self) -> bool {
        matches!(self, Shadow::Ref { .. } | Shadow::Const(_))
    }
}

impl Machine for Recorder<'_> {
    type V = V;
    const PROBED: bool = false;

    fn peek(&mut self, depth: usize) -> V {
        V { w: self.interp.peek(depth), s: *self.slot(depth) }
    }
    fn push(&mut self, v: V) {
        self.interp.push(v.w);
        self.top().slots.push(v.s);
    }
    fn set(&mut self, depth: usize, v: V) {
        self.interp.set(depth, v.w);
        *self.slot(depth) = v.s;
    }
    fn shrink(&mut self, n: usize) {
        self.interp.shrink(n);
        let slots = &mut self.top().slots;
        slots.truncate(slots.len() - n);
    }
    fn local(&mut self, i: u32) -> V {
        V { w: self.interp.local(i), s: self.top().slots[i as usize] }
    }
    fn set_local(&mut self, i: u32, v: V) {
        self.interp.set_local(i, v.w);
        let mut s = v.s;
        // A local must own what it holds: its borrowers rely on that.
        if let Shadow::Ref { r, owned: false } = s {
            if self.trace.func.ty(r) == Ty::Word {
                self.effect = true;
                self.emit(Op::IncRef, &[r], 0);
            }
            s = Shadow::Ref { r, owned: true };
        }
        self.top().slots[i as usize] = s;
    }
    fn borrow_local(&mut self, i: u32) -> V {
        let w = self.interp.borrow_local(i);
        let s = match self.top().slots[i as usize] {
            Shadow::Ref { r, .. } => Shadow::Ref { r, owned: false },
            Shadow::RangeIter { .. } | Shadow::Range { .. } => {
                self.abort.get_or_insert(Abort::SharedVirtual);
                Shadow::Null
            }
            s => s,
        };
        V { w, s }
    }
    fn constant(&mut self, i: u32) -> V {
        let w = self.interp.constant(i);
        V { w, s: Shadow::Const(w) }
    }

    fn own(&mut self, v: V) -> V {
        let w = self.interp.own(v.w);
        let s = match v.s {
            Shadow::Ref { r, .. } => {
                if self.trace.func.ty(r) == Ty::Word {
                    self.emit(Op::IncRef, &[r], 0);
                    self.effect = true;
                }
                Shadow::Ref { r, owned: true }
            }
            Shadow::RangeIter { .. } | Shadow::Range { .. } => {
                self.abort.get_or_insert(Abort::SharedVirtual);
                v.s
            }
            s => s,
        };
        V { w, s }
    }
    fn drop(&mut self, v: V) {
        self.will_drop(v);
        self.interp.drop(v.w);
        if let Shadow::Ref { r, owned: true } = v.s
            && self.trace.func.ty(r) == Ty::Word
        {
            self.drops.push(r);
        }
    }
    fn will_drop(&mut self, v: V) {
        if let Shadow::Ref { r, owned: true } = v.s
            && self.trace.func.ty(r) == Ty::Word
            && !self.guarded.contains(&r)
        {
            // Two words could be one object, and together its last references.
            if !self.guarded.is_empty() {
                self.abort.get_or_insert(Abort::TwoDrops);
            }
            self.guard(Op::GuardShared, &[r], 0);
            self.guarded.push(r);
        }
    }
    fn null(&mut self) -> V {
        V { w: Word::NULL, s: Shadow::Null }
    }
    fn none(&mut self) -> V {
        V { w: Word::NONE, s: Shadow::Const(Word::NONE) }
    }
    fn bool(&mut self, b: bool) -> V {
        let w = Word::from_bool(b);
        V { w, s: Shadow::Const(w) }
    }
    fn small_int(&mut self, i: i64) -> V {
        let w = Word::from_small(i);
        V { w, s: Shadow::Const(w) }
    }

    fn jump(&mut self, units: isize) {
        self.interp.jump(units);
    }
    fn poll(&mut self) -> Flow {
        // SAFETY: the VM outlives the recording.
        if unsafe { (*self.interp.vm).breaker.get() } != 0 { self.stop(Abort::Stress) } else { Ok(()) }
    }
    fn is_current(&mut self) -> bool {
        self.interp.is_current()
    }
    fn back_edge(&mut self, units: isize) -> Flow {
        let at = self.interp.ip;
        let code = self.code();
        let here = (at as usize - code.live.as_ptr() as usize) / 2 - 1;
        let header = (here as isize + 1 + units) as u32;
        let linked = code.live[here].get() as u8 == seriema_vm::op::ENTER_REGION;
        if linked && !self.trace.labels.iter().any(|(_, l)| l.header == header) {
            return self.stop(Abort::OtherRegion);
        }
        self.interp.jump(units);
        self.back_edge = Some(header);
        Ok(())
    }
    fn enter_region(&mut self, _units: isize) -> Flow {
        self.stop(Abort::OtherRegion)
    }
    fn quicken(&mut self, _op: u8) -> Flow {
        Ok(())
    }
    fn live_unit(&mut self, _ahead: usize) -> u16 {
        self.abort.get_or_insert(Abort::Residual("fused"));
        0
    }

    fn is_null(&mut self, v: V) -> bool {
        v.s == Shadow::Null
    }
    fn is_none(&mut self, v: V) -> bool {
        self.class_of(v) == Class::None
    }
    fn ints(&mut self, a: V, b: V) -> bool {
        let both = self.class_of(a) == Class::Int && self.class_of(b) == Class::Int;
        // Numbers beyond 48 bits are on the heap in the interpreter: not worth a trace.
        if both && !(a.w.is_int() && b.w.is_int()) {
            self.abort.get_or_insert(Abort::BigInt);
        }
        both && a.w.is_int() && b.w.is_int()
    }
    fn floats(&mut self, a: V, b: V) -> bool {
        self.class_of(a) == Class::Float && self.class_of(b) == Class::Float
    }
    fn is_float(&mut self, v: V) -> bool {
        self.class_of(v) == Class::Float
    }
    fn float_and_int(&mut self, a: V, b: V) -> bool {
        matches!(
            (self.class_of(a), self.class_of(b)),
            (Class::Float, Class::Int) | (Class::Int, Class::Float)
        ) && !a.w.is_ptr()
            && !b.w.is_ptr()
    }
    fn is_kind(&mut self, v: V, kind: Kind) -> bool {
        v.s != Shadow::Null && self.class_of(v) == Class::Kind(Tag::plain(kind))
    }
    fn is_bool(&mut self, v: V) -> bool {
        self.class_of(v) == Class::Bool
    }
    fn is_true(&mut self, v: V) -> bool {
        let truth = v.w == Word::TRUE;
        if !matches!(v.s, Shadow::Const(_)) {
            let r = self.unboxed(v);
            self.guard_that(r, truth);
        }
        truth
    }
    fn is_same(&mut self, a: V, b: V) -> bool {
        let r = self.same(a, b);
        self.is_true(r)
    }

    fn int_op(&mut self, op: IntOp, a: V, b: V) -> Option<V> {
        if self.abort.is_some() {
            return None;
        }
        let w = self.interp.int_op(op, a.w, b.w)?;
        if let (Some(_), Some(_)) = (self.number(a), self.number(b)) {
            return Some(V { w, s: Shadow::Const(w) });
        }
        let r = self.emit_int_op(op, a, b);
        Some(self.value(w, r))
    }
    fn float_op(&mut self, op: FloatOp, a: V, b: V) -> Option<V> {
        let w = self.interp.float_op(op, a.w, b.w)?;
        let (x, y) = (self.unboxed(a), self.unboxed(b));
        if op == FloatOp::Div && !matches!(b.s, Shadow::Const(_)) {
            let zero = self.emit(Op::FConst, &[], 0);
            let is = self.emit(Op::FEq, &[y, zero], 0);
            self.guard_that(is, false);
        }
        let op = match op {
            FloatOp::Add => Op::FAdd,
            FloatOp::Sub => Op::FSub,
            FloatOp::Mul => Op::FMul,
            FloatOp::Div => Op::FDiv,
        };
        let r = self.emit(op, &[x, y], 0);
        Some(self.value(w, r))
    }
    fn int_cmp(&mut self, op: CmpOp, a: V, b: V) -> V {
        let w = self.interp.int_cmp(op, a.w, b.w);
        let (x, y) = (self.unboxed(a), self.unboxed(b));
        let op = [Op::ILt, Op::ILe, Op::IEq, Op::INe, Op::IGt, Op::IGe][op as usize];
        let r = self.emit(op, &[x, y], 0);
        self.value(w, r)
    }
    fn float_cmp(&mut self, op: CmpOp, a: V, b: V) -> V {
        let w = self.interp.float_cmp(op, a.w, b.w);
        let (x, y) = (self.unboxed(a), self.unboxed(b));
        let op = [Op::FLt, Op::FLe, Op::FEq, Op::FNe, Op::FGt, Op::FGe][op as usize];
        let r = self.emit(op, &[x, y], 0);
        self.value(w, r)
    }
    fn not(&mut self, v: V) -> V {
        let w = self.interp.not(v.w);
        if let Shadow::Const(_) = v.s {
            return V { w, s: Shadow::Const(w) };
        }
        let b = self.unboxed(v);
        let r = self.emit(Op::BNot, &[b], 0);
        self.value(w, r)
    }
    fn to_float(&mut self, v: V) -> V {
        if self.class_of(v) != Class::Int {
            return v;
        }
        let w = self.interp.to_float(v.w);
        if let Shadow::Const(_) = v.s {
            return V { w, s: Shadow::Const(w) };
        }
        let i = self.unboxed(v);
        // Exact up to 48 bits; beyond, Python rounds (or, comparing, does not) in its own ways.
        self.guard(Op::GuardFits, &[i], 0);
        let r = self.emit(Op::IToF, &[i], 0);
        self.value(w, r)
    }
    fn truth(&mut self, v: V) -> Option<V> {
        match self.class_of(v) {
            Class::Bool => Some(match v.s {
                Shadow::Const(_) => v,
                _ => {
                    let r = self.unboxed(v);
                    self.value(v.w, r)
                }
            }),
            Class::None => Some(self.bool(false)),
            Class::Int if v.w.is_int() => {
                let (i, zero) = (self.unboxed(v), self.iconst(0));
                let r = self.emit(Op::INe, &[i, zero], 0);
                Some(self.value(Word::from_bool(v.w.int() != 0), r))
            }
            Class::Float => {
                let f = self.unboxed(v);
                let zero = self.emit(Op::FConst, &[], 0);
                let r = self.emit(Op::FNe, &[f, zero], 0);
                Some(self.value(Word::from_bool(v.w.float() != 0.0), r))
            }
            Class::Kind(Tag::LIST) => {
                let p = self.address(v);
                let len = self.load(Op::LoadInt, &[p], LIST_LEN, Alias::ListHeader);
                let zero = self.iconst(0);
                let r = self.emit(Op::INe, &[len, zero], 0);
                let truth = !Value::of(&v.w).as_::<List>().is_empty();
                Some(self.value(Word::from_bool(truth), r))
            }
            _ => None,
        }
    }
    fn same(&mut self, a: V, b: V) -> V {
        let w = self.interp.same(a.w, b.w);
        match (self.class_of(a), self.class_of(b)) {
            (x, y) if x != y => return V { w, s: Shadow::Const(w) },
            (Class::None, _) => return V { w, s: Shadow::Const(w) },
            (Class::Int, _) => {
                let (x, y) = (self.unboxed(a), self.unboxed(b));
                let r = self.emit(Op::IEq, &[x, y], 0);
                return self.value(w, r);
            }
            _ => {}
        }
        let (x, y) = (self.boxed(a), self.boxed(b));
        let r = self.emit(Op::WEq, &[x, y], 0);
        self.value(w, r)
    }

    fn list_item(&mut self, list: V, index: V) -> Option<V> {
        if !self.in_bounds(list, index) {
            return None;
        }
        let (items, i) = self.element(list, index);
        let r = self.load(Op::LoadElem, &[items, i], 0, Alias::ListItems);
        if self.abort.is_some() {
            return None;
        }
        let w = self.interp.list_item(list.w, index.w)?;
        Some(self.loaded(w, r))
    }
    fn set_list_item(&mut self, list: V, index: V, v: V) -> bool {
        if !self.in_bounds(list, index) {
            return false;
        }
        let (items, i) = self.element(list, index);
        let old = self.load(Op::LoadElem, &[items, i], 0, Alias::ListItems);
        let Some(was) = self.interp.list_item(list.w, index.w) else { return false };
        // Only looked at.
        self.interp.drop(was);
        let drops_old = matches!(self.class_of_word(old, was), Class::Kind(_));
        if drops_old {
            self.will_drop(V { w: was, s: Shadow::Ref { r: old, owned: true } });
        }
        let new = self.boxed(v);
        if self.abort.is_some() {
            return false;
        }
        if !v.s.is_owned() && v.w.is_ptr() {
            self.emit(Op::IncRef, &[new], 0);
        }
        self.store(Op::StoreElem, &[items, i, new], 0, Alias::ListItems);
        if drops_old {
            self.drops.push(old);
        }
        self.interp.set_list_item(list.w, index.w, v.w)
    }
    fn iter_next(&mut self, iter: V) -> Next<V> {
        match iter.s {
            Shadow::RangeIter { next, left, step } => {
                let zero = self.iconst(0);
                let more = self.emit(Op::IGt, &[left, zero], 0);
                match self.interp.iter_next(iter.w) {
                    Next::Item(w) => {
                        self.guard_that(more, true);
                        let one = self.iconst(1);
                        let after = self.emit(Op::IAdd, &[next, step], 0);
                        let rest = self.emit(Op::ISub, &[left, one], 0);
                        *self.slot(0) = Shadow::RangeIter { next: after, left: rest, step };
                        Next::Item(self.value(w, next))
                    }
                    Next::Done => {
                        self.guard_that(more, false);
                        Next::Done
                    }
                    Next::Other => Next::Other,
                }
            }
            _ if self.class_of(iter) == Class::Kind(Tag::SEQ_ITER) => self.next_of_list(iter),
            _ => Next::Other,
        }
    }
    fn make_iter(&mut self, v: V) -> Option<V> {
        let Shadow::Range { start, stop, step } = v.s else { return None };
        let range = Value::of(&v.w).clone();
        let r = range.as_::<Range>();
        let (a, b) = (r.start.word().int(), r.stop.word().int());
        let some = self.emit(Op::ILt, &[start, stop], 0);
        self.guard_that(some, a < b);
        let left = if a < b { self.guard(Op::ISubOvf, &[stop, start], 0) } else { self.iconst(0) };
        let ty = self.vm().types.range_iterator.clone();
        let w = RangeIter::new(&ty, a, (b - a).max(0), 1).into_word();
        Some(V { w, s: Shadow::RangeIter { next: start, left, step } })
    }
    fn global(&mut self, name: u32) -> Option<V> {
        let n = self.code().names[name as usize].clone();
        let home = global_home(self.vm(), &n)?;
        let (code_id, dict) = (self.code().id, self.frame().globals().clone());
        let mut assume = vec![WatchKey::OneGlobals(code_id), WatchKey::Cell(home.cell as usize | DELETED)];
        if home.in_builtins {
            let d = dict.as_::<seriema_vm::object::Dict>();
            d.watch_absent();
            assume.push(WatchKey::Absent(d.id(), n.as_::<seriema_vm::object::Str>().as_str().into()));
        }
        // SAFETY: the dict of globals owns the cell while the variable exists.
        let cell = unsafe { &*home.cell };
        let w = cell.value.get();
        if w.is_null() {
            return None;
        }
        let constant = !cell.unstable.get();
        if constant {
            assume.push(WatchKey::Cell(home.cell as usize));
            cell.watched.set(true);
        }
        for key in assume {
            if !self.trace.assumptions.contains(&key) {
                self.trace.assumptions.push(key);
            }
        }
        if constant {
            let _ = self.word_const(w);
            return Some(V { w: w.incref(), s: Shadow::Const(w) });
        }
        let p = self.emit(Op::PConst, &[], home.cell as u64);
        let offset = offset_of!(seriema_vm::object::GlobalCell, value);
        let r = self.load(Op::LoadWord, &[p], offset, Alias::GlobalCell);
        let v = self.loaded(w, r);
        Some(V { w: w.incref(), s: v.s })
    }
    // Attributes are not recorded yet: the general form of the instruction stops the recording.
    fn attr_slot(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn attr_of_class(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn method_of_type(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn class_attr(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn text_cmp(&mut self, _op: CmpOp, _a: V, _b: V) -> Option<V> {
        None
    }
    fn dict_item(&mut self, _dict: V, _key: V) -> Option<V> {
        None
    }
    fn set_dict_item(&mut self, _dict: V, _key: V, _v: V) -> Option<V> {
        None
    }
    fn expand_method(&mut self, _args: u32) -> bool {
        false
    }
    fn call_intrinsic(&mut self, _which: Intrinsic, _args: u32) -> bool {
        false
    }
    fn contains(&mut self, _container: V, _item: V) -> Option<V> {
        None
    }
    fn tuple_item(&mut self, _tuple: V, _index: V) -> Option<V> {
        None
    }
    fn unpack(&mut self, _seq: V, _n: usize) -> bool {
        false
    }
    fn append(&mut self, _list: V, _v: V) -> bool {
        false
    }
    fn resume_in_loop(&mut self, _generator: V, _arg: u32) -> bool {
        false
    }
    fn resume_by_send(&mut self, _arg: u32) -> bool {
        false
    }
    fn suspend(&mut self, _arg: u32) -> bool {
        false
    }
    fn enter_getitem(&mut self) -> Flow<bool> {
        Ok(false)
    }
    fn is_generator(&mut self, _v: V, _flavour: Flavour) -> bool {
        false
    }
    fn is_generator_function(&mut self, _f: V) -> bool {
        false
    }
    fn make_generator(&mut self, _args: u32) -> bool {
        false
    }
    fn enter_with_defaults(&mut self, _args: u32, _skip: u16) -> bool {
        false
    }
    fn static_method(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn class_method(&mut self, _owner: V) -> Option<(V, V)> {
        None
    }
    fn module_attr(&mut self, _owner: V) -> Option<V> {
        None
    }
    fn set_attr_slot(&mut self, _owner: V, _v: V) -> Option<V> {
        None
    }
    fn cell_value(&mut self, slot: u32) -> Option<V> {
        let w = self.interp.cell_value(slot)?;
        let cell = self.local(slot);
        if self.class_of(cell) != Class::Kind(Tag::CLOSURE_CELL) {
            return None;
        }
        let p = self.address(cell);
        let offset = ClosureCell::VALUE_OFFSET;
        let bits = self.load(Op::LoadInt, &[p], offset, Alias::ClosureCell);
        let zero = self.iconst(0);
        let unbound = self.emit(Op::IEq, &[bits, zero], 0);
        self.guard_that(unbound, false);
        let r = self.load(Op::LoadWord, &[p], offset, Alias::ClosureCell);
        match self.class_of_word(r, w) {
            Class::Int | Class::Float | Class::Bool => {
                let u = self.unboxed(V { w, s: Shadow::Ref { r, owned: false } });
                Some(self.value(w, u))
            }
            _ => Some(V { w, s: Shadow::Ref { r, owned: false } }),
        }
    }
    fn cached_global(&mut self) -> V {
        self.abort.get_or_insert(Abort::Residual("cached global"));
        self.null()
    }

    fn call(&mut self, helper: &'static Helper, arg: u32, operands: &[V]) -> Flow<V> {
        if let Some(why) = self.abort {
            return self.stop(why);
        }
        let (Some(leaf), true) = (helper.leaf, operands.len() <= 2) else {
            return self.stop(Abort::Residual(helper.name));
        };
        for v in operands {
            self.class_of(*v);
        }
        let refs: Vec<Ref> = operands.iter().map(|v| self.boxed(*v)).collect();
        if let Some(why) = self.abort {
            return self.stop(why);
        }
        for v in operands {
            self.will_drop(*v);
        }
        if let Some(why) = self.abort {
            return self.stop(why);
        }
        let words: Vec<Word> = operands.iter().map(|v| v.w).collect();
        let w = leaf(self.vm(), arg, &words);
        if w.is_null() {
            return self.stop(Abort::Residual(helper.name));
        }
        let index =
            HELPERS.iter().position(|h| std::ptr::eq(*h, helper)).expect("helper in the table") as u64;
        let which = self.word_const(Word::from_small(arg as i64));
        let r = match refs.as_slice() {
            [a] => self.emit(Op::Call2, &[which, *a], index),
            [a, b] => self.emit(Op::Call3, &[which, *a, *b], index),
            _ => return self.stop(Abort::Residual(helper.name)),
        };
        self.guard(Op::GuardDone, &[r], 0);
        self.effect = true;
        Ok(self.value(w, r))
    }
    fn residual(&mut self, run: Residual, arg: u32) -> Flow {
        let _ = (run, arg);
        self.stop(Abort::Instruction(self.opcode))
    }
    fn enter_function(&mut self, args: u32, skip: u16) -> Flow<bool> {
        let (callable, self_) = (self.peek(args as usize + 1), self.peek(args as usize));
        if self.frames.len() > self.options.max_inline {
            return self.stop(Abort::TooDeep);
        }
        let target: *const _ = Value::of(&callable.w).as_::<Function>().code();
        let index = self.trace.code_index(target);
        if self.frames.iter().filter(|f| f.code == index).count() > 1 {
            return self.stop(Abort::TooDeep);
        }
        if !matches!(callable.s, Shadow::Const(_)) {
            let (r, f) = (self.boxed(callable), self.word_const(callable.w));
            let same = self.emit(Op::WEq, &[r, f], 0);
            self.guard_that(same, true);
        }
        if let Some(why) = self.abort {
            return self.stop(why);
        }
        let at = self.unit() - 1;
        if !self.interp.enter_function(args, skip)? {
            return Ok(false);
        }
        let n = args as usize + (self_.s != Shadow::Null) as usize;
        let caller = self.top();
        let from = caller.slots.len() - n;
        let mut slots = caller.slots.split_off(from);
        caller.slots.truncate(caller.slots.len() - (args as usize + 2 - n));
        (caller.prev, caller.resume) = (at, at + 1 + skip as u32);
        slots.resize(self.code().nlocalsplus as usize, Shadow::Null);
        let prev = seriema_vm::frame::NO_PREV;
        self.frames.push(ShadowFrame { code: index, func: callable.s, slots, prev, resume: 0 });
        Ok(true)
    }
    fn call_known(&mut self, args: u32) -> Flow<bool> {
        self.intrinsic(args as usize)
    }
    fn leave_function(&mut self) -> Flow {
        if self.frames.len() == 1 {
            return self.stop(Abort::LeftFrame);
        }
        let result = self.peek(0);
        if matches!(result.s, Shadow::RangeIter { .. } | Shadow::Range { .. }) {
            return self.stop(Abort::SharedVirtual);
        }
        let n = self.code().nlocalsplus as usize;
        let func = self.top().func;
        let owned: Vec<V> = self.top().slots[..n]
            .iter()
            .chain([&func])
            .filter(|s| s.is_owned())
            .map(|s| V { w: Word::NONE, s: *s })
            .collect();
        for v in &owned {
            self.will_drop(*v);
        }
        if let Some(why) = self.abort {
            return self.stop(why);
        }
        let words: Vec<Ref> = owned
            .iter()
            .filter_map(|v| match v.s {
                Shadow::Ref { r, .. } if self.trace.func.ty(r) == Ty::Word => Some(r),
                _ => None,
            })
            .collect();
        // What comes back must not be borrowed from a local that may change now.
        let mut s = result.s;
        if let Shadow::Ref { r, owned: false } = s {
            if self.trace.func.ty(r) == Ty::Word {
                self.emit(Op::IncRef, &[r], 0);
                self.effect = true;
            }
            s = Shadow::Ref { r, owned: true };
        }
        self.drops.extend(words);
        self.interp.leave_function()?;
        self.frames.pop();
        self.top().slots.push(s);
        Ok(())
    }

    fn event(&mut self, _event: Event, _target: Target) -> Flow {
        Ok(())
    }
}

impl Recorder<'_> {
    /// The next item of an iterator over a list.
    fn next_of_list(&mut self, iter: V) -> Next<V> {
        let it = Value::of(&iter.w).clone();
        let it = it.as_::<SeqIter>();
        let i = it.index.get();
        let Some(w) = it.seq.borrow().get::<List>().and_then(|l| l.as_slice().get(i).map(|v| v.word()))
        else {
            return Next::Other;
        };
        let seq_offset = it.seq.as_ptr() as usize - std::ptr::from_ref(it) as usize;
        let index_offset = offset_of!(SeqIter, index);
        let p = self.address(iter);
        let seq = self.load(Op::LoadWord, &[p], seq_offset, Alias::SeqIter);
        let is_list = self.emit(Op::WIsKind, &[seq], Kind::List as u64);
        self.guard_that(is_list, true);
        let list = self.emit(Op::WToP, &[seq], 0);
        let index = self.load(Op::LoadInt, &[p], index_offset, Alias::SeqIter);
        let len = self.load(Op::LoadInt, &[list], LIST_LEN, Alias::ListHeader);
        let ok = self.emit(Op::IULt, &[index, len], 0);
        self.guard_that(ok, true);
        let items = self.load(Op::LoadPtr, &[list], LIST_ITEMS, Alias::ListHeader);
        let r = self.load(Op::LoadElem, &[items, index], 0, Alias::ListItems);
        let v = self.loaded(w, r);
        if self.abort.is_some() {
            return Next::Other;
        }
        let one = self.iconst(1);
        let after = self.emit(Op::IAdd, &[index, one], 0);
        self.store(Op::StoreInt, &[p, after], index_offset, Alias::SeqIter);
        match self.interp.iter_next(iter.w) {
            Next::Item(w) => Next::Item(V { w, s: v.s }),
            _ => Next::Other,
        }
    }
}
