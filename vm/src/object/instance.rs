//! `Instance`: an object of a Python class, and [`Shape`]: its hidden class.
//!
//! ```text
//!  Instance: header | shape | dict | overflow | slot 0 .. slot inline-1
//! ```
//!
//! A shape says which attribute stands in which slot; adding an attribute moves the object to the shape's
//! child for that name, so objects that are built alike share their shape (Chambers, Ungar & Lee 1989). The
//! first slots are those of `__slots__`, which have no names in the shape. Once somebody asks for the
//! `__dict__`, the attributes move into a dict for good ("dict mode": `shape` is the class's empty shape).
//!
//! [`Extras`] gives the same things to instances of subclasses of builtin classes.

use super::{Dict, Header, Kind, Object, Type, alloc_raw, free_raw};
use crate::value::{Value, Word};
use crate::vm::Vm;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::mem::offset_of;

/// More attributes than this go into a dict.
const MAX_ATTRIBUTES: usize = 64;
/// Most slots inside the object; more go to the overflow array.
const MAX_INLINE: u32 = 24;
/// Slots for attributes that no method of the class assigns: where methods assign some, and where none does.
const UNLISTED: u32 = 2;
const ALL_UNLISTED: u32 = 4;

pub struct Shape {
    /// Unique, never used again: inline caches compare it.
    id: u32,
    /// The class; not owned: it owns the shape.
    class: *const Type,
    /// Attribute names in the order of their slots, `__slots__` not counted.
    names: Vec<Value>,
    /// Slot of a name by its (interned) address.
    index: FxHashMap<u64, u32>,
    /// Slots inside the object.
    pub inline: u32,
    /// First slot that the shape names.
    first: u32,
    /// Attributes are in the dict.
    pub dict_mode: bool,
    children: RefCell<Vec<(Word, Box<Shape>)>>,
    dict_shape: RefCell<Option<Box<Shape>>>,
}

impl Shape {
    fn root(class: &Type, vm: &mut Vm) -> Box<Shape> {
        let first = class.slots.get();
        let mut expected = 0;
        // The compiler lists what methods assign to `self`.
        let key = vm.intern("__static_attributes__");
        for t in class.mro.borrow().iter() {
            let found = t.as_::<Type>().dict.as_::<Dict>().get_str(&key);
            expected += found.and_then(|v| v.get::<super::Tuple>().map(|t| t.as_slice().len())).unwrap_or(0);
        }
        let own = match class.has(super::TypeFlags::DICT) {
            true if expected == 0 => ALL_UNLISTED,
            true => expected as u32 + UNLISTED,
            false => 0,
        };
        Box::new(Shape {
            id: vm.next_shape_id(),
            class,
            names: vec![],
            index: FxHashMap::default(),
            inline: first + own.min(MAX_INLINE),
            first,
            dict_mode: false,
            children: RefCell::default(),
            dict_shape: RefCell::default(),
        })
    }
    /// The layout of a class's fresh instances.
    pub fn of(class: &Type, vm: &mut Vm) -> *const Shape {
        if class.shape.get().is_null() {
            let root = Shape::root(class, vm);
            class.shape.set(Box::into_raw(root));
        }
        class.shape.get()
    }
    /// Slot of an attribute.
    #[inline]
    pub fn slot(&self, name: &Value) -> Option<u32> {
        self.index.get(&name.word().0).copied()
    }
    pub fn names(&self) -> &[Value] {
        &self.names
    }
    /// Every name of this shape and those grown from it, as often as it is held.
    pub(super) fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.names.iter().for_each(&mut *visit);
        for (_, s) in &*self.children.borrow() {
            s.traverse(visit);
        }
        if let Some(s) = &*self.dict_shape.borrow() {
            s.traverse(visit);
        }
    }
    pub fn first(&self) -> u32 {
        self.first
    }
    /// The shape with one more attribute; `None`: too many.
    pub fn with(&self, vm: &mut Vm, name: &Value) -> Option<*const Shape> {
        if self.names.len() >= MAX_ATTRIBUTES {
            return None;
        }
        if let Some((_, s)) = self.children.borrow().iter().find(|(n, _)| *n == name.word()) {
            return Some(&**s);
        }
        let mut names = self.names.clone();
        names.push(name.clone());
        let mut index = self.index.clone();
        index.insert(name.word().0, self.first + self.names.len() as u32);
        let child = Box::new(Shape {
            id: vm.next_shape_id(),
            class: self.class,
            names,
            index,
            inline: self.inline,
            first: self.first,
            dict_mode: false,
            children: RefCell::default(),
            dict_shape: RefCell::default(),
        });
        let p: *const Shape = &*child;
        self.children.borrow_mut().push((name.word(), child));
        Some(p)
    }
    /// The class's shape for objects whose attributes are in a dict.
    fn for_dict(&self) -> *const Shape {
        // SAFETY: the class is alive as long as its shapes are used, and owns the root.
        let root = unsafe { &*(*self.class).shape.get() };
        let mut slot = root.dict_shape.borrow_mut();
        let s = slot.get_or_insert_with(|| {
            Box::new(Shape {
                id: 0,
                class: root.class,
                names: vec![],
                index: FxHashMap::default(),
                inline: root.inline,
                first: root.first,
                dict_mode: true,
                children: RefCell::default(),
                dict_shape: RefCell::default(),
            })
        });
        &raw const **s
    }
}

#[repr(C)]
pub struct Instance {
    h: Header,
    shape: Cell<*const Shape>,
    /// The shape's id; 0 in dict mode.
    shape_id: Cell<u32>,
    inline: u32,
    /// The `__dict__`, NULL until somebody asks.
    dict: RefCell<Value>,
    /// What does not fit inside; made when needed.
    #[allow(clippy::box_collection)]
    overflow: RefCell<Option<Box<Vec<Cell<Word>>>>>,
    slots: [Cell<Word>; 0],
}

impl Instance {
    pub const SHAPE_OFFSET: usize = offset_of!(Instance, shape_id);
    pub const SLOTS_OFFSET: usize = offset_of!(Instance, slots);

    fn size(inline: u32) -> usize {
        offset_of!(Instance, slots) + 8 * inline as usize
    }
    pub fn new(class: &Value, vm: &mut Vm) -> Value {
        let shape = Shape::of(class.as_::<Type>(), vm);
        // SAFETY: the shape is the class's; fresh memory with room for its slots, all written here.
        unsafe {
            let h = Header::new(Kind::Instance, class);
            let p = alloc_raw(Instance::size((*shape).inline), &h).cast::<Instance>();
            (&raw mut (*p).h).write(h);
            (&raw mut (*p).shape).write(Cell::new(shape));
            (&raw mut (*p).dict).write(RefCell::new(Value::NULL));
            (&raw mut (*p).shape_id).write(Cell::new((*shape).id));
            (&raw mut (*p).inline).write((*shape).inline);
            (&raw mut (*p).overflow).write(RefCell::new(None));
            let first = (&raw mut (*p).slots).cast::<Word>();
            for i in 0..(*shape).inline as usize {
                first.add(i).write(Word::NULL);
            }
            Value::from_word(Word(p as u64))
        }
    }
    #[inline(always)]
    pub fn shape(&self) -> &Shape {
        // SAFETY: the class keeps its shapes, the instance its class.
        unsafe { &*self.shape.get() }
    }
    #[inline(always)]
    pub fn shape_ptr(&self) -> *const Shape {
        self.shape.get()
    }
    /// # Safety
    /// `i` is below the shape's `inline`.
    #[inline(always)]
    pub unsafe fn inline_slot(&self, i: u32) -> &Cell<Word> {
        // SAFETY: the caller's promise; the slots follow the struct.
        unsafe { &*self.slots.as_ptr().add(i as usize) }
    }
    /// Content of a slot, borrowed; NULL if empty.
    #[inline]
    pub fn slot(&self, i: u32) -> Word {
        if i < self.inline {
            // SAFETY: tested.
            return unsafe { self.inline_slot(i) }.get();
        }
        let more = self.overflow.borrow();
        let at = (i - self.inline) as usize;
        more.as_ref().and_then(|m| m.get(at)).map_or(Word::NULL, Cell::get)
    }
    /// Sets a slot; returns what it held, for the caller to drop.
    #[inline]
    pub fn set_slot(&self, i: u32, v: Value) -> Value {
        let inline = self.inline;
        if i < inline {
            // SAFETY: tested; ownership changes hands.
            return unsafe { Value::from_word(self.inline_slot(i).replace(v.into_word())) };
        }
        let mut more = self.overflow.borrow_mut();
        let more = more.get_or_insert_default();
        let at = (i - inline) as usize;
        if more.len() <= at {
            more.resize_with(at + 1, || Cell::new(Word::NULL));
        }
        // SAFETY: ownership changes hands.
        unsafe { Value::from_word(more[at].replace(v.into_word())) }
    }
    /// Moves to a child of the present shape, whose new slot is empty.
    #[inline(always)]
    pub(crate) fn set_shape(&self, shape: *const Shape) {
        self.shape.set(shape);
        // SAFETY: a shape of the object's class.
        self.shape_id.set(unsafe { (*shape).id });
    }
    #[inline(always)]
    pub fn shape_id(&self) -> u32 {
        self.shape_id.get()
    }
    pub fn inline_slots(&self) -> u32 {
        self.inline
    }
    pub fn dict_value(&self) -> Option<Value> {
        let d = self.dict.borrow();
        if d.is_null() { None } else { Some(d.clone()) }
    }

    /// An attribute from the slots or the dict.
    #[inline]
    pub fn get(&self, name: &Value) -> Option<Value> {
        if self.shape().dict_mode {
            return self.dict.borrow().as_::<Dict>().get_str(name);
        }
        let w = self.slot(self.shape().slot(name)?);
        if w.is_null() { None } else { Some(w.to_value()) }
    }
    /// Sets an attribute (`name` is interned).
    pub fn set(&self, vm: &mut Vm, name: &Value, v: Value) {
        if !self.shape().dict_mode {
            if let Some(i) = self.shape().slot(name) {
                drop(self.set_slot(i, v));
                return;
            }
            if let Some(next) = self.shape().with(vm, name) {
                let i = self.shape().first + self.shape().names.len() as u32;
                self.set_shape(next);
                drop(self.set_slot(i, v));
                return;
            }
        }
        let d = self.make_dict(vm);
        d.as_::<Dict>().set_str(vm, name, v);
    }
    /// Deletes an attribute; `None`: there was none.
    pub fn delete(&self, vm: &mut Vm, name: &Value) -> Option<Value> {
        if self.shape().dict_mode {
            let d = self.dict.borrow().clone();
            return d.as_::<Dict>().remove_str(vm, name);
        }
        let gone = self.shape().slot(name)?;
        let shape = self.shape();
        let (first, names) = (shape.first, shape.names.clone());
        let mut kept = vec![];
        let mut old = None;
        for (k, n) in names.iter().enumerate() {
            let i = first + k as u32;
            let v = self.set_slot(i, Value::NULL);
            if i == gone { old = Some(v) } else { kept.push((n.clone(), v)) }
        }
        // SAFETY: the root of the class's shapes.
        let root = unsafe { (*shape.class).shape.get() };
        self.set_shape(root);
        for (n, v) in kept {
            self.set(vm, &n, v);
        }
        old
    }
    /// The `__dict__`: from now on the attributes live there.
    pub fn make_dict(&self, vm: &mut Vm) -> Value {
        if let Some(d) = self.dict_value() {
            return d;
        }
        let d = vm.dict();
        let shape = self.shape();
        for (k, n) in shape.names.iter().enumerate() {
            let v = self.set_slot(shape.first + k as u32, Value::NULL);
            if !v.is_null() {
                d.as_::<Dict>().set_str(vm, n, v);
            }
        }
        self.set_shape(shape.for_dict());
        *self.dict.borrow_mut() = d.clone();
        d
    }
    /// `__dict__ = d`.
    pub fn set_dict(&self, vm: &mut Vm, d: Value) {
        drop(self.make_dict(vm));
        let old = self.dict.replace(d);
        drop(old);
    }
    /// `__class__ = class`, whose instances have the same `__slots__`.
    pub fn change_class(&self, vm: &mut Vm, class: &Value) {
        let names: Vec<Value> = if self.shape().dict_mode { vec![] } else { self.shape().names.clone() };
        let first = self.shape().first;
        let values: Vec<Value> =
            (0..names.len()).map(|k| self.set_slot(first + k as u32, Value::NULL)).collect();
        let (dict_mode, inline) = (self.shape().dict_mode, self.inline);
        let root = Shape::of(class.as_::<Type>(), vm);
        // SAFETY: the new class's shape. The object's own number of inline slots cannot change: a shape of
        // another size goes to dict mode, where only `__slots__` are left, whose number is equal.
        unsafe {
            if (*root).inline == inline && !dict_mode {
                self.set_shape(root);
                for (n, v) in names.iter().zip(values) {
                    self.set(vm, n, v);
                }
                return;
            }
            let d = self.dict_value().unwrap_or_else(|| vm.dict());
            for (n, v) in names.iter().zip(values) {
                d.as_::<Dict>().set_str(vm, n, v);
            }
            *self.dict.borrow_mut() = d;
            let shape = Box::new(Shape {
                id: 0,
                class: class.as_::<Type>(),
                names: vec![],
                index: FxHashMap::default(),
                inline,
                first: (*root).first,
                dict_mode: true,
                children: RefCell::default(),
                dict_shape: RefCell::default(),
            });
            let p: *const Shape = &*shape;
            // Kept by the class under a key that no name has.
            (*root).children.borrow_mut().push((Word::NULL, shape));
            self.set_shape(p);
        }
    }
    /// Every value it holds, for the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for i in 0..self.inline {
            // SAFETY: below `inline`.
            let w = unsafe { self.inline_slot(i) }.get();
            if !w.is_null() {
                visit(Value::of(&w));
            }
        }
        for w in self.overflow.borrow().iter().flat_map(|m| m.iter()).map(Cell::get).filter(|w| !w.is_null())
        {
            visit(Value::of(&w));
        }
        let d = self.dict.borrow();
        if !d.is_null() {
            visit(&d);
        }
    }
    /// Lets go of every value it holds.
    pub fn clear(&self) {
        let n = self.inline + self.overflow.borrow().as_ref().map_or(0, |m| m.len()) as u32;
        for i in 0..n {
            drop(self.set_slot(i, Value::NULL));
        }
    }
}

// SAFETY: `#[repr(C)]`, header first, one kind.
unsafe impl Object for Instance {
    const KIND: Kind = Kind::Instance;

    unsafe fn free(p: *mut Instance) {
        // SAFETY: nothing refers to the object; its slots are owned words, its shape is alive until the class
        // is dropped with the header.
        unsafe {
            let inline = (*p).inline;
            for i in 0..inline {
                drop(Value::from_word((*p).inline_slot(i).get()));
            }
            for w in (*p).overflow.get_mut().take().into_iter().flat_map(|m| *m) {
                drop(Value::from_word(w.get()));
            }
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        }
    }
}

/// What instances of a subclass of a builtin class have besides the builtin's own data. A pointer to it
/// stands before the object.
pub struct Extras {
    /// NULL until asked for.
    pub dict: RefCell<Value>,
    pub slots: Box<[Cell<Word>]>,
}

impl Extras {
    pub fn new(slots: u32) -> Extras {
        Extras { dict: RefCell::new(Value::NULL), slots: (0..slots).map(|_| Cell::new(Word::NULL)).collect() }
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let d = self.dict.borrow();
        if !d.is_null() {
            visit(&d);
        }
        for w in self.slots.iter().map(Cell::get).filter(|w| !w.is_null()) {
            visit(Value::of(&w));
        }
    }
}

impl Extras {
    /// Lets go of every value.
    pub fn clear(&self) {
        for s in &self.slots {
            // SAFETY: the slots own their words.
            drop(unsafe { Value::from_word(s.replace(Word::NULL)) });
        }
    }
}

impl Drop for Extras {
    fn drop(&mut self) {
        for s in &self.slots {
            // SAFETY: the slots own their words.
            drop(unsafe { Value::from_word(s.replace(Word::NULL)) });
        }
    }
}
