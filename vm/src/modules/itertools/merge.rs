//! Iterators over several iterators: `chain`, `zip_longest`.

use super::{ITER, Slot, add_class, next_row, payload};
use crate::error::R;
use crate::object::{BuiltinDef, NextFn, Payload};
use crate::types::native::{ClassDef, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<Chain>(vm, module, &CHAIN);
    add_class::<ZipLongest>(vm, module, &ZIP_LONGEST);
}

struct Chain {
    /// Iterator over the iterables.
    source: Slot,
    active: Slot,
}
payload!(Chain; slots: source, active; vecs: ; values:; next: next_chain);

static CHAIN: ClassDef = ClassDef {
    name: "itertools.chain",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            vm.no_keywords::<Chain>(&a[0], "chain", kw)?;
            let all = vm.tuple(a[1..].to_vec());
            let source = Slot::new(vm.get_iter(&all)?);
            Ok(vm.new_native(&a[0], Chain { source, active: Slot::empty() }))
        }),
        BuiltinDef::class("from_iterable", 1, 1, |vm, a, _| {
            let source = Slot::new(vm.get_iter(&a[1])?);
            Ok(vm.new_native(&a[0], Chain { source, active: Slot::empty() }))
        }),
        ITER,
        next_row!(Chain),
    ],
    doc: Some(
        "Return a chain object whose .__next__() method returns elements from the\nfirst iterable until it is \
         exhausted, then elements from the next\niterable, until all of the iterables are exhausted.",
    ),
    ..ClassDef::DEFAULT
};

fn next_chain(vm: &mut Vm, this: &Chain) -> R<Option<Value>> {
    loop {
        if let Some(it) = this.active.get() {
            if let Some(v) = vm.next(&it)? {
                return Ok(Some(v));
            }
            this.active.clear();
            continue;
        }
        let Some(source) = this.source.get() else { return Ok(None) };
        let next = match vm.next(&source) {
            Ok(Some(v)) => vm.get_iter(&v).map(Some),
            other => other,
        };
        match next {
            Ok(Some(it)) => this.active.set(it),
            end => {
                this.source.clear();
                return end;
            }
        }
    }
}

struct ZipLongest {
    its: Vec<Slot>,
    active: Cell<usize>,
    fill: Value,
}

impl Payload for ZipLongest {
    const NEXT: Option<NextFn<ZipLongest>> = Some(next_zip_longest);
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.its.iter().for_each(|s| s.visit(visit));
        visit(&self.fill);
    }
    fn clear(&self) {
        self.its.iter().for_each(Slot::clear);
    }
}

static ZIP_LONGEST: ClassDef = ClassDef {
    name: "itertools.zip_longest",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if kw.iter().any(|(name, _)| name != "fillvalue") {
                return vm.fail("TypeError", "zip_longest() got an unexpected keyword argument");
            }
            let mut its = Vec::with_capacity(a.len() - 1);
            for v in &a[1..] {
                its.push(Slot::new(vm.get_iter(v)?));
            }
            let fill = kw.get("fillvalue").cloned().unwrap_or(Value::NONE);
            let active = Cell::new(its.len());
            Ok(vm.new_native(&a[0], ZipLongest { its, active, fill }))
        }),
        ITER,
        next_row!(ZipLongest),
    ],
    doc: Some(
        "Return a zip_longest object whose .__next__() method returns a tuple where\nthe i-th element comes \
         from the i-th iterable argument.  The .__next__()\nmethod continues until the longest iterable in \
         the argument sequence\nis exhausted and then it raises StopIteration.  When the shorter \
         iterables\nare exhausted, the fillvalue is substituted in their place.  The fillvalue\ndefaults to \
         None or can be specified by a keyword argument.",
    ),
    ..ClassDef::DEFAULT
};

fn next_zip_longest(vm: &mut Vm, this: &ZipLongest) -> R<Option<Value>> {
    if this.active.get() == 0 {
        return Ok(None);
    }
    let mut items = Vec::with_capacity(this.its.len());
    for slot in &this.its {
        let Some(it) = slot.get() else {
            items.push(this.fill.clone());
            continue;
        };
        match vm.next(&it) {
            Ok(Some(v)) => items.push(v),
            Ok(None) => {
                this.active.set(this.active.get().saturating_sub(1));
                if this.active.get() == 0 {
                    return Ok(None);
                }
                slot.clear();
                items.push(this.fill.clone());
            }
            Err(e) => {
                this.active.set(0);
                return Err(e);
            }
        }
    }
    Ok(Some(vm.tuple(items)))
}
