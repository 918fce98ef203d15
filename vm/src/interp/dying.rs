//! What FAST handlers leave to be freed once they are over.

use crate::value::Word;
#[cfg(seriema_tail)]
use crate::vm::Vm;
use std::cell::Cell;
#[cfg(seriema_tail)]
use std::mem::MaybeUninit;

/// Objects whose last reference a FAST handler gives up: a call in the handler, cold as it may be, would make it
/// keep registers on the stack, so they go once it is over (measured: ten instructions of each of the commonest
/// handlers).
#[derive(Default)]
pub(crate) struct Dying {
    /// Owned; the first `count`.
    words: [Cell<u64>; Dying::MOST],
    count: Cell<usize>,
}

impl Dying {
    /// No instruction drops more objects than this without a call.
    pub(super) const MOST: usize = 32;

    #[inline(always)]
    pub(super) fn add(&self, w: Word) {
        let n = self.count.get();
        debug_assert!(n < Dying::MOST);
        self.words[n % Dying::MOST].set(w.0);
        self.count.set(n + 1);
    }
    /// The one there is, if it is one.
    #[cfg(seriema_tail)]
    #[inline(always)]
    pub(super) fn lone(&self) -> Option<Word> {
        if self.count.get() != 1 {
            return None;
        }
        self.count.set(0);
        Some(Word(self.words[0].get()))
    }
    /// `bury`, where the handler has left the chain: what it leaves behind for Rust outlives the finalisers.
    #[cfg(seriema_tail)]
    #[cold]
    #[inline(never)]
    pub(super) fn bury_leaving(vm: *mut Vm) {
        // SAFETY: the VM is live.
        unsafe {
            let left = ((*vm).result.take(), (*vm).yielded);
            Dying::bury(vm);
            ((*vm).result, (*vm).yielded) = left;
        }
    }
    /// Lets go of them, in order. That may run Python, which may come by here again.
    #[cfg(seriema_tail)]
    #[cold]
    #[inline(never)]
    pub(super) fn bury(vm: *mut Vm) {
        // SAFETY: the VM is live.
        let list = unsafe { &(*vm).dying };
        let n = list.count.replace(0).min(Dying::MOST);
        let mut words = [const { MaybeUninit::<u64>::uninit() }; Dying::MOST];
        for (to, from) in words[..n].iter_mut().zip(&list.words) {
            to.write(from.get());
        }
        for w in &words[..n] {
            // SAFETY: written above; the handler gave its reference up.
            unsafe { Word(w.assume_init()).decref() };
        }
    }
}
