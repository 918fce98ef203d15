//! Views of dicts and the iterators over dicts.

use super::{Dict, DictPart, Header, Kind, alloc};
use crate::value::{Value, Word, unguarded};
use std::cell::{Cell, RefCell};

/// `d.keys()`, `d.values()`, `d.items()`.
#[repr(C)]
pub struct DictView {
    h: Header,
    pub dict: Value,
    pub part: DictPart,
}

impl DictView {
    pub fn new(ty: &Value, dict: Value, part: DictPart) -> Value {
        alloc(DictView { h: Header::new(Kind::DictView, ty), dict, part })
    }
    pub fn len(&self) -> usize {
        self.dict.as_::<Dict>().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Iterator over a dict, either way.
#[repr(C)]
pub struct DictIter {
    h: Header,
    /// NULL once exhausted.
    dict: RefCell<Value>,
    pub part: DictPart,
    pub reverse: bool,
    /// Next position to look at; going backwards, the one after it.
    at: Cell<usize>,
    /// Size of the dict at the start, to notice changes.
    size: Cell<usize>,
    left: Cell<usize>,
    /// The tuple given out first, as of `EnumZip`.
    pub result: RefCell<Value>,
}

/// Why an iterator cannot go on.
pub enum Changed {
    Size,
    Keys,
}

impl DictIter {
    pub fn new(ty: &Value, dict: Value, part: DictPart, reverse: bool) -> Value {
        let d = dict.as_::<Dict>();
        let (n, end) = (d.len(), d.positions());
        alloc(DictIter {
            h: Header::new(Kind::DictIter, ty),
            dict: RefCell::new(dict),
            part,
            reverse,
            at: Cell::new(if reverse { end } else { 0 }),
            size: Cell::new(n),
            left: Cell::new(n),
            result: RefCell::new(Value::NULL),
        })
    }
    /// The next key and value, borrowed: good until anything runs.
    #[inline(always)]
    pub fn advance(&self) -> Result<Option<(Word, Word)>, Changed> {
        // SAFETY: nothing runs before the end of the iteration, where the dict is let go.
        let dict = unsafe { unguarded(&self.dict) };
        let Some(d) = dict.get::<Dict>() else { return Ok(None) };
        if d.len() != self.size.get() {
            // It stays so: no size is that large.
            self.size.set(usize::MAX);
            return Err(Changed::Size);
        }
        let found = if self.reverse { d.entry_before(self.at.get()) } else { d.entry_from(self.at.get()) };
        let Some((i, k, v)) = found else {
            self.let_go();
            return Ok(None);
        };
        if self.left.get() == 0 {
            self.let_go();
            return Err(Changed::Keys);
        }
        self.at.set(if self.reverse { i } else { i + 1 });
        self.left.set(self.left.get() - 1);
        Ok(Some((k, v)))
    }
    #[cold]
    #[inline(never)]
    fn let_go(&self) {
        drop(self.dict.replace(Value::NULL));
    }
    /// How many entries are left, as far as is known.
    pub fn left(&self) -> usize {
        match self.dict.borrow().get::<Dict>() {
            Some(d) if d.len() == self.size.get() => self.left.get(),
            _ => 0,
        }
    }
    /// An iterator in the same place.
    pub fn copy(&self, ty: &Value) -> Value {
        alloc(DictIter {
            h: Header::new(Kind::DictIter, ty),
            dict: RefCell::new(self.dict.borrow().clone()),
            part: self.part,
            reverse: self.reverse,
            at: self.at.clone(),
            size: self.size.clone(),
            left: self.left.clone(),
            result: RefCell::new(Value::NULL),
        })
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for v in [self.dict.borrow(), self.result.borrow()] {
            if !v.is_null() {
                visit(&v);
            }
        }
    }
}
