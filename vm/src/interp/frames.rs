//! Entering and leaving frames without a call.

use super::*;

impl<const P: bool, const F: bool> Interp<P, F> {
    /// Enters a Python function with positional parameters only. `DEFAULTS`: the last ones may be missing.
    #[inline(always)]
    pub(super) fn enter_python<const DEFAULTS: bool>(&mut self, args: u32, skip: u16) -> bool {
        // SAFETY: the stack effect of the call says that callable, self and arguments are there; the frame
        // is built on the free part of the data stack after its limit was checked.
        unsafe {
            let base = self.sp.sub(args as usize);
            let (callable, self_) = (*base.sub(2), *base.sub(1));
            if !callable.is_kind(Kind::Function) {
                return false;
            }
            let f: &Function = callable.cast();
            let code: *const Code = f.code();
            let has_self = !self_.is_null();
            let (given, n) = (base.sub(has_self as usize), args + has_self as u32);
            if !(*code).simple_args || !DEFAULTS && (*code).argcount != n {
                return false;
            }
            let vm = self.vm;
            let caller = (*vm).frame;
            let in_generator = (*caller).flags & FLAG_GENERATOR != 0;
            let first = if in_generator { (*caller).free() } else { given };
            let slots = (*code).nlocalsplus as usize;
            let frame = first.add(slots).cast::<Frame>();
            let stack = frame.cast::<Word>().add(HEADER_WORDS);
            if (*vm).depth_left == 0 || stack.add((*code).stacksize as usize) > (*vm).stack_limit {
                return false;
            }
            let mut n = n as usize;
            if in_generator {
                for i in 0..n {
                    first.add(i).write_volatile(*given.add(i));
                }
            }
            if DEFAULTS {
                let argcount = (*code).argcount as usize;
                let defaults = unguarded(&f.defaults).word();
                if n > argcount || !defaults.is_plain(Kind::Tuple) {
                    return false;
                }
                let values = defaults.cast::<Tuple>().as_slice();
                let missing = argcount - n;
                if missing > values.len() {
                    return false;
                }
                for v in &values[values.len() - missing..] {
                    first.add(n).write_volatile(v.word().incref());
                    n += 1;
                }
            }
            (*vm).depth_left -= 1;
            (*caller).ip = self.ip;
            (*caller).sp = base.sub(2);
            for i in n..slots {
                // Volatile, or it would become a call of memset, which costs the handler six pushes.
                first.add(i).write_volatile(Word::NULL);
            }
            frame.write(Frame {
                prev: caller,
                code,
                func: callable,
                locals: first,
                ip: self.ip,
                sp: stack,
                ret_skip: skip,
                ..Frame::BARE
            });
            (*vm).frame = frame;
            self.ip = (*code).live.as_ptr();
            self.sp = stack;
            self.fp = first;
            self.consts = (*code).consts.as_ptr().cast();
            true
        }
    }
    /// RETURN_VALUE.
    #[inline(always)]
    pub(super) fn leave_python(&mut self) -> Flow {
        // SAFETY: the frame is the current one and its slots are owned words; the caller's frame said where
        // the result goes.
        unsafe {
            let vm = self.vm;
            let frame = (*vm).frame;
            let flags = (*frame).flags;
            // A function's frame entered from Rust is left as any other, and the chain then.
            if flags != 0 && !(F && flags == FLAG_ENTRY && (*frame).names.is_null()) {
                if F {
                    return Err(Stop::Raise);
                }
                if flags & FLAG_GENERATOR != 0 {
                    self.quicken(op::RETURN_FROM_GENERATOR)?;
                }
                return self.residual(leave_special, 0);
            }
            let func = (*frame).func;
            let slots = (*(*frame).code).nlocalsplus;
            if F {
                // Without a call: what goes with its last reference is buried in the caller, as in CPython. Where
                // there may be too many, it is left to the SLOW twin.
                if (*func.header()).count() == 1 || slots as usize > Dying::MOST {
                    return Err(Stop::Raise);
                }
                self.give_locals_up::<false>(slots);
            }
            let last = if F { vec![] } else { take_locals(self.fp, slots as usize) };
            self.shrink(1);
            let result = *self.sp;
            let caller = (*frame).prev;
            (*vm).depth_left += 1;
            (*vm).frame = caller;
            #[cfg(seriema_tail)]
            if F && flags == FLAG_ENTRY {
                (*func.header()).decref();
                (*vm).yielded = false;
                self.leave_chain(result);
                return Ok(());
            }
            self.ip = (*caller).ip.add((*frame).ret_skip as usize);
            self.sp = (*caller).sp;
            self.fp = (*caller).locals;
            self.consts = (*(*caller).code).consts.as_ptr().cast();
            self.push(result);
            if F {
                (*func.header()).decref();
            } else {
                for w in last {
                    self.drop(w);
                }
                self.drop(func);
            }
            Ok(())
        }
    }

    /// Gives up the references of the locals, from the last to the first, as CPython does; those that are the last
    /// ones are buried. FAST handlers only. `EMPTY`: leaves NULLs.
    #[inline(always)]
    fn give_locals_up<const EMPTY: bool>(&mut self, slots: u32) {
        // SAFETY: the frame owns its locals; so many can be buried.
        unsafe {
            let mut p = self.fp.add(slots as usize);
            while p > self.fp {
                p = p.sub(1);
                self.drop(*p);
                if EMPTY {
                    *p = Word::NULL;
                }
            }
        }
    }
    /// RETURN_VALUE in a generator, in FAST handlers: what is out of the ordinary is left to the twin.
    #[inline(always)]
    pub(super) fn end_generator(&mut self) -> Flow {
        // SAFETY: the frame is the current one; the caller keeps the generator.
        unsafe {
            let vm = self.vm;
            let frame = (*vm).frame;
            let flags = (*frame).flags;
            let result = self.peek(0);
            let (by_send, by_rust) = (flags & FLAG_SEND != 0, flags & FLAG_ENTRY != 0);
            if flags & !(FLAG_SEND | FLAG_ENTRY) != FLAG_GENERATOR || (*frame).end_skip == u16::MAX {
                return Err(Stop::Raise);
            }
            let g = generator_of(&*frame);
            if !g.frame_object.get().is_null()
                || !by_send && !by_rust && result != Word::NONE
                || !(*vm).handled.is_none()
                || self.sp.sub(1) != (*frame).stack_base()
            {
                return Err(Stop::Raise);
            }
            let slots = (*(*frame).code).nlocalsplus;
            if slots as usize > Dying::MOST {
                return Err(Stop::Raise);
            }
            self.give_locals_up::<true>(slots);
            (*frame).sp = (*frame).stack_base();
            g.state.set(GenState::Done);
            (*vm).step_out(g);
            let caller = std::mem::replace(&mut (*frame).prev, std::ptr::null_mut());
            (*vm).frame = caller;
            (*vm).depth_left += 1;
            #[cfg(seriema_tail)]
            if by_rust {
                (*vm).yielded = false;
                self.leave_chain(result);
                return Ok(());
            }
            self.reload();
            self.jump((*frame).end_skip as isize);
            if by_send {
                self.push(result);
            }
            Ok(())
        }
    }
    /// Goes back to Rust, which entered here, with this result.
    #[cfg(seriema_tail)]
    #[inline(always)]
    pub(super) fn leave_chain(&mut self, result: Word) {
        // SAFETY: the VM is live; the body hands its reference over; no result is there yet: nothing to drop.
        unsafe { (&raw mut (*self.vm).result).write(Some(Ok(Value::from_word(result)))) };
        self.ip = tail::leave_chain();
    }
}
