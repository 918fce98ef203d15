//! Exception groups: making, splitting, and what `except*` does with them.
//!
//! A group's two fields are its message and the tuple of its exceptions.

use crate::error::R;
use crate::machine::Flow;
use crate::object::{BuiltinDef, Exception, Kind, Kw, List, Str, Tuple, Type};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("derive", 1, 1, |vm, a, _| {
        let (message, _) = vm.group_parts(&a[0]);
        let class = vm.types.exception("BaseExceptionGroup").clone();
        vm.call(&class, &[message, a[1].clone()], Kw::NONE)
    }),
    BuiltinDef::new("split", 1, 1, |vm, a, _| {
        let m = vm.matcher(&a[1])?;
        let (matching, rest) = vm.split(&a[0], &m, true)?;
        Ok(vm.tuple(vec![matching, rest]))
    }),
    BuiltinDef::new("subgroup", 1, 1, |vm, a, _| {
        let m = vm.matcher(&a[1])?;
        vm.split(&a[0], &m, false).map(|(matching, _)| matching)
    }),
];

/// Which exceptions are wanted.
enum Matcher {
    /// A class or a tuple of classes.
    Classes(Vec<Value>),
    Predicate(Value),
    /// These very exceptions.
    Identical(Vec<Value>),
}

/// CALL_INTRINSIC_2: 1 is the end of a `try` with `except*`: the exception before it, what its clauses left
/// -> what is raised again, or None.
pub fn prepare_reraise(vm: &mut Vm) -> Flow {
    let (list, original) = (vm.peek(0).to_value(), vm.peek(1).to_value());
    let items = list.as_::<List>().as_slice().to_vec();
    let r = vm.reraised(&original, items)?;
    drop(vm.pop());
    drop(vm.pop());
    vm.push(r);
    Ok(())
}

impl Vm {
    pub(crate) fn is_group(&self, e: &Value) -> bool {
        e.is_kind(Kind::Exception) && self.is_instance(e, self.types.exception("BaseExceptionGroup"))
    }
    /// Message and exceptions of a group.
    pub(crate) fn group_parts(&self, e: &Value) -> (Value, Vec<Value>) {
        let fields = e.as_::<Exception>().fields.borrow();
        let items = fields.get(1).and_then(Value::get::<Tuple>).map_or(vec![], |t| t.as_slice().to_vec());
        (fields.first().cloned().unwrap_or(Value::NONE), items)
    }

    /// `BaseExceptionGroup.__new__`.
    pub(crate) fn new_group(&mut self, class: &Value, args: &[Value]) -> R<Value> {
        let [message, exceptions] = args else {
            let message =
                format!("BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)", args.len());
            return self.fail("TypeError", message);
        };
        if message.get::<Str>().is_none() {
            let name = self.type_name(message);
            return self.fail(
                "TypeError",
                format!("BaseExceptionGroup.__new__() argument 1 must be str, not {name}"),
            );
        }
        if !self.is_sequence(exceptions) {
            return self.fail("TypeError", "second argument (exceptions) must be a sequence");
        }
        // What is no list or tuple is shown as it was given, whatever becomes of it later.
        let class_of = self.type_of(exceptions).clone();
        let plain = class_of.is(&self.types.list) || class_of.is(&self.types.tuple);
        let shown = if plain { Value::NONE } else { self.repr(exceptions)? };
        let items = self.to_vec(exceptions)?;
        if items.is_empty() {
            return self.fail("ValueError", "second argument (exceptions) must be a non-empty sequence");
        }
        let plain = self.types.exception("Exception").clone();
        let mut only_plain = true;
        for (i, e) in items.iter().enumerate() {
            if !e.is_kind(Kind::Exception) {
                let message = format!("Item {i} of second argument (exceptions) is not an exception");
                return self.fail("ValueError", message);
            }
            only_plain &= self.is_instance(e, &plain);
        }
        let group = self.types.exception("ExceptionGroup").clone();
        let mut class = class.clone();
        if only_plain {
            if class.is(self.types.exception("BaseExceptionGroup")) {
                class = group;
            }
        } else if class.is(&group) {
            return self.fail("TypeError", "Cannot nest BaseExceptions in an ExceptionGroup");
        } else if class.as_::<Type>().is_subtype(&plain) {
            let message = format!("Cannot nest BaseExceptions in '{}'", class.as_::<Type>().name.borrow());
            return self.fail("TypeError", message);
        }
        let stored = self.tuple(args.to_vec());
        let e = Exception::new(&class, stored);
        let items = self.tuple(items);
        *e.as_::<Exception>().fields.borrow_mut() = vec![message.clone(), items, shown];
        Ok(e)
    }
    fn is_sequence(&mut self, v: &Value) -> bool {
        match v.kind() {
            Some(Kind::List | Kind::Tuple | Kind::Str | Kind::Range | Kind::Bytes) => true,
            Some(Kind::Dict | Kind::Set | Kind::Generator) | None => false,
            _ => matches!(self.method_of_class(v, "__getitem__"), Ok(Some(_))),
        }
    }

    fn matcher(&mut self, v: &Value) -> R<Matcher> {
        let base = self.types.exception("BaseException").clone();
        let is_class = |v: &Value| v.get::<Type>().is_some_and(|t| t.is_subtype(&base));
        if is_class(v) {
            return Ok(Matcher::Classes(vec![v.clone()]));
        }
        if let Some(t) = v.get::<Tuple>()
            && t.as_slice().iter().all(is_class)
        {
            return Ok(Matcher::Classes(t.as_slice().to_vec()));
        }
        if !v.is_kind(Kind::Type) && self.is_callable(v) {
            return Ok(Matcher::Predicate(v.clone()));
        }
        self.fail(
            "TypeError",
            "expected an exception type, a tuple of exception types, or a callable (other than a class)",
        )
    }
    fn matches(&mut self, e: &Value, m: &Matcher) -> R<bool> {
        match m {
            Matcher::Classes(all) => Ok(all.iter().any(|c| self.is_instance(e, c))),
            Matcher::Predicate(f) => {
                let r = self.call(f, std::slice::from_ref(e), Kw::NONE)?;
                self.truthy(&r)
            }
            Matcher::Identical(all) => Ok(!self.is_group(e) && all.iter().any(|x| x.is(e))),
        }
    }

    /// The part that matches and (if wanted) the rest, each None if there is none.
    fn split(&mut self, e: &Value, m: &Matcher, rest: bool) -> R<(Value, Value)> {
        if self.matches(e, m)? {
            return Ok((e.clone(), Value::NONE));
        }
        if !self.is_group(e) {
            return Ok((Value::NONE, e.clone()));
        }
        self.guard_recursion("in exceptiongroup_split_recursive")?;
        let (mut yes, mut no) = (vec![], vec![]);
        for x in self.group_parts(e).1 {
            let (a, b) = self.split(&x, m, rest)?;
            yes.extend(Some(a).filter(|v| !v.is_none()));
            no.extend(Some(b).filter(|v| !v.is_none()));
        }
        let yes = self.subset(e, yes)?;
        let no = if rest { self.subset(e, no)? } else { Value::NONE };
        Ok((yes, no))
    }

    /// A group like `e` of some of its exceptions.
    fn subset(&mut self, e: &Value, items: Vec<Value>) -> R<Value> {
        if items.is_empty() {
            return Ok(Value::NONE);
        }
        let items = self.list(items);
        let derive = self.intern("derive");
        let f = self.get_attr(e, &derive)?;
        let new = self.call(&f, &[items], Kw::NONE)?;
        if !self.is_group(&new) {
            return self.fail("TypeError", "derive must return an instance of BaseExceptionGroup");
        }
        let (from, to) = (e.as_::<Exception>(), new.as_::<Exception>());
        *to.traceback.borrow_mut() = from.traceback.borrow().clone();
        *to.context.borrow_mut() = from.context.borrow().clone();
        let cause = from.cause.borrow().clone();
        *to.cause.borrow_mut() = cause;
        to.suppress_context.set(true);
        let notes = self.intern("__notes__");
        if let Some(n) = self.get_attr_opt(e, &notes)?
            && matches!(n.kind(), Some(Kind::List | Kind::Tuple))
        {
            let n = self.to_vec(&n)?;
            let n = self.list(n);
            self.set_attr(&new, &notes, n)?;
        }
        Ok(new)
    }

    /// What a clause of `except*` takes of an exception, and what it leaves.
    pub(crate) fn split_for_handler(&mut self, e: &Value, classes: &Value) -> R<(Value, Value)> {
        let all = match classes.get::<Tuple>() {
            Some(t) => t.as_slice().to_vec(),
            None => vec![classes.clone()],
        };
        let base = self.types.exception("BaseException").clone();
        let group = self.types.exception("BaseExceptionGroup").clone();
        for c in &all {
            let Some(t) = c.get::<Type>().filter(|t| t.is_subtype(&base)) else {
                let message = "catching classes that do not inherit from BaseException is not allowed";
                return self.fail("TypeError", message);
            };
            if t.is_subtype(&group) {
                let message = "catching ExceptionGroup with except* is not allowed. Use except instead.";
                return self.fail("TypeError", message);
            }
        }
        if e.is_none() {
            return Ok((Value::NONE, Value::NONE));
        }
        if all.iter().any(|c| self.is_instance(e, c)) {
            if self.is_group(e) {
                return Ok((e.clone(), Value::NONE));
            }
            // A naked exception is wrapped.
            let (message, items) = (self.str(""), self.tuple(vec![e.clone()]));
            let wrapped = self.new_group(&group, &[message, items])?;
            let unit = self.frame().unit();
            self.add_traceback(&wrapped, unit);
            return Ok((wrapped, Value::NONE));
        }
        if !self.is_group(e) {
            return Ok((Value::NONE, e.clone()));
        }
        let name = self.intern("split");
        let f = self.get_attr(e, &name)?;
        let pair = self.call(&f, std::slice::from_ref(classes), Kw::NONE)?;
        let class = self.type_name(e);
        let Some(t) = pair.get::<Tuple>() else {
            let message = format!("{class}.split must return a tuple, not {}", self.type_name(&pair));
            return self.fail("TypeError", message);
        };
        match t.as_slice() {
            [matching, rest, ..] => Ok((matching.clone(), rest.clone())),
            short => {
                let message =
                    format!("{class}.split must return a 2-tuple, got tuple of size {}", short.len());
                self.fail("TypeError", message)
            }
        }
    }

    fn reraised(&mut self, original: &Value, items: Vec<Value>) -> R<Value> {
        let items: Vec<Value> = items.into_iter().filter(|e| !e.is_none()).collect();
        if items.is_empty() {
            return Ok(Value::NONE);
        }
        if !self.is_group(original) {
            return Ok(items[0].clone());
        }
        let (mut raised, mut kept) = (vec![], vec![]);
        for e in items {
            if self.same_metadata(&e, original)? { kept.push(e) } else { raised.push(e) }
        }
        let mut leaves = vec![];
        for e in &kept {
            self.leaves(e, &mut leaves);
        }
        let again = if kept.is_empty() {
            Value::NONE
        } else {
            self.split(original, &Matcher::Identical(leaves), false)?.0
        };
        if raised.is_empty() {
            return Ok(again);
        }
        if !again.is_none() {
            raised.push(again);
        }
        if raised.len() == 1 {
            return Ok(raised.remove(0));
        }
        let (class, message) = (self.types.exception("BaseExceptionGroup").clone(), self.str(""));
        let items = self.list(raised);
        self.new_group(&class, &[message, items])
    }
    fn leaves(&self, e: &Value, out: &mut Vec<Value>) {
        if !self.is_group(e) {
            out.push(e.clone());
            return;
        }
        for x in self.group_parts(e).1 {
            self.leaves(&x, out);
        }
    }
    /// Was it made from the same exception, by splitting?
    fn same_metadata(&mut self, a: &Value, b: &Value) -> R<bool> {
        if !self.is_group(a) {
            return Ok(false);
        }
        let notes = self.intern("__notes__");
        let (n, m) = (self.get_attr_opt(a, &notes)?, self.get_attr_opt(b, &notes)?);
        let notes = match (n, m) {
            (None, None) => true,
            (Some(n), Some(m)) => n.is(&m) || self.equal_lists(&n, &m),
            _ => false,
        };
        let (x, y) = (a.as_::<Exception>(), b.as_::<Exception>());
        Ok(notes
            && x.traceback.borrow().is(&y.traceback.borrow())
            && x.cause.borrow().is(&y.cause.borrow())
            && x.context.borrow().is(&y.context.borrow()))
    }
    /// The same notes in two lists.
    fn equal_lists(&self, a: &Value, b: &Value) -> bool {
        match (a.get::<List>(), b.get::<List>()) {
            (Some(a), Some(b)) => {
                a.len() == b.len() && a.as_slice().iter().zip(b.as_slice()).all(|(x, y)| x.is(y))
            }
            _ => false,
        }
    }
}
