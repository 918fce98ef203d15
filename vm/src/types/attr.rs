//! Attributes: look-up, setting, deleting.
//!
//! The order for an instance is CPython's: data descriptors of the class (here [`Vm::special`], one function
//! a kind), the instance's own dict, then what the class and its bases have, functions bound.

use crate::error::{Exc, R};
use crate::object::{Builtin, Dict, Exception, Function, Kind, Method, Module, Namespace, Str, Type};
use crate::value::Value;
use crate::vm::Vm;

fn name_of(name: &Value) -> &str {
    name.get::<Str>().map_or("", Str::as_str)
}

impl Vm {
    pub fn get_attr(&mut self, obj: &Value, name: &Value) -> R<Value> {
        match self.get_attr_opt(obj, name)? {
            Some(v) => Ok(v),
            None => Err(self.no_attribute(obj, name)),
        }
    }

    /// `None` if there is none; no exception is made for that.
    pub fn get_attr_opt(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        if let Some(v) = self.special(obj, name_of(name))? {
            return Ok(Some(v));
        }
        if let Some(v) = self.own_attribute(obj, name) {
            return Ok(Some(v));
        }
        if let Some(t) = obj.get::<Type>()
            && let Some(v) = t.lookup(name)
        {
            return Ok(Some(v));
        }
        let found = self.type_of(obj).as_::<Type>().lookup(name);
        if let Some(v) = found {
            return Ok(Some(self.bind(v, obj)));
        }
        match obj.get::<Method>() {
            // A bound method shows its function's attributes.
            Some(m) => self.get_attr_opt(&m.func, name),
            None => Ok(None),
        }
    }

    /// For a method call: the function and the object to pass first, without making a bound method.
    pub fn get_method(&mut self, obj: &Value, name: &Value) -> R<(Value, Option<Value>)> {
        let plain = !matches!(obj.kind(), Some(Kind::Module | Kind::Type));
        if plain {
            let found = self.type_of(obj).as_::<Type>().lookup(name);
            if let Some(f) = found
                && binds(&f)
                && self.own_attribute(obj, name).is_none()
                && self.special(obj, name_of(name))?.is_none()
            {
                return Ok((f, Some(obj.clone())));
            }
        }
        Ok((self.get_attr(obj, name)?, None))
    }

    /// A class attribute seen through an instance.
    fn bind(&mut self, v: Value, obj: &Value) -> Value {
        if v.is_kind(Kind::Function) {
            return Method::new(&self.types.method, v, obj.clone());
        }
        match v.get::<Builtin>() {
            Some(b) if b.is_descriptor() => {
                Builtin::new(&self.types.builtin_function, b.def, obj.clone(), b.owner.clone(), Value::NULL)
            }
            _ => v,
        }
    }

    /// What the object's own dict says.
    fn own_attribute(&self, obj: &Value, name: &Value) -> Option<Value> {
        let dict = self.own_dict(obj)?;
        dict.as_::<Dict>().get_str(name)
    }
    /// The object's own dict, if it has one by now.
    fn own_dict(&self, obj: &Value) -> Option<Value> {
        let d = match obj.kind()? {
            Kind::Module => obj.as_::<Module>().dict.clone(),
            Kind::Namespace => obj.as_::<Namespace>().dict.clone(),
            Kind::Function => obj.as_::<Function>().dict.borrow().clone(),
            Kind::Exception => obj.as_::<Exception>().dict.borrow().clone(),
            _ => return None,
        };
        if d.is_null() { None } else { Some(d) }
    }
    /// The same, made if need be; `None` for objects that can have none.
    pub(crate) fn make_own_dict(&mut self, obj: &Value) -> Option<Value> {
        if let Some(d) = self.own_dict(obj) {
            return Some(d);
        }
        let fresh = self.dict();
        match obj.kind()? {
            Kind::Function => *obj.as_::<Function>().dict.borrow_mut() = fresh.clone(),
            Kind::Exception => *obj.as_::<Exception>().dict.borrow_mut() = fresh.clone(),
            _ => return None,
        }
        Some(fresh)
    }

    fn no_attribute(&mut self, obj: &Value, name: &Value) -> Exc {
        let n = name_of(name).to_owned();
        let message = match obj.kind() {
            Some(Kind::Module) => {
                let key = self.intern("__name__");
                let module = obj.as_::<Module>().dict.as_::<Dict>().get_str(&key);
                let module = module.as_ref().map_or("?", |m| name_of(m)).to_owned();
                format!("module '{module}' has no attribute '{n}'")
            }
            Some(Kind::Type) => {
                format!("type object '{}' has no attribute '{n}'", obj.as_::<Type>().name.borrow())
            }
            _ => format!("'{}' object has no attribute '{n}'", self.type_name(obj)),
        };
        self.attribute_error(obj, name, message)
    }
    /// AttributeError with its `name` and `obj`.
    fn attribute_error(&mut self, obj: &Value, name: &Value, message: String) -> Exc {
        let m = self.string(message);
        let e = self.make_exception("AttributeError", vec![m]);
        if let Some(d) = self.make_own_dict(&e) {
            for (key, v) in [("name", name), ("obj", obj)] {
                let key = self.intern(key);
                d.as_::<Dict>().set_str(self, &key, v.clone());
            }
        }
        self.raise_value(e)
    }

    pub fn set_attr(&mut self, obj: &Value, name: &Value, v: Value) -> R<()> {
        if self.set_special(obj, name_of(name), Some(&v))? {
            return Ok(());
        }
        match self.settable_dict(obj, name)? {
            Some(d) => {
                d.as_::<Dict>().set_str(self, name, v);
                Ok(())
            }
            None => Err(self.not_settable(obj, name)),
        }
    }

    pub fn del_attr(&mut self, obj: &Value, name: &Value) -> R<()> {
        if self.set_special(obj, name_of(name), None)? {
            return Ok(());
        }
        match self.settable_dict(obj, name)? {
            Some(d) => match d.as_::<Dict>().remove_str(self, name) {
                Some(old) => {
                    drop(old);
                    Ok(())
                }
                None => {
                    let message =
                        format!("'{}' object has no attribute '{}'", self.type_name(obj), name_of(name));
                    Err(self.attribute_error(obj, name, message))
                }
            },
            None => Err(self.not_settable(obj, name)),
        }
    }

    fn settable_dict(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        if obj.is_kind(Kind::Type) {
            let (class, n) = (obj.as_::<Type>().name.borrow().to_string(), name_of(name));
            return self.fail("TypeError", format!("cannot set '{n}' attribute of immutable type '{class}'"));
        }
        Ok(self.make_own_dict(obj))
    }

    fn not_settable(&mut self, obj: &Value, name: &Value) -> Exc {
        let (class, n) = (self.type_name(obj), name_of(name).to_owned());
        let message = match self.special(obj, &n) {
            Ok(Some(_)) if obj.is_kind(Kind::Code) => "readonly attribute".to_owned(),
            Ok(Some(_)) => format!("attribute '{n}' of '{class}' objects is not writable"),
            Ok(None) if self.type_of(obj).as_::<Type>().lookup(name).is_some() => {
                format!("'{class}' object attribute '{n}' is read-only")
            }
            Ok(None) => {
                format!("'{class}' object has no attribute '{n}' and no __dict__ for setting new attributes")
            }
            Err(_) => {
                drop(self.take_pending());
                "readonly attribute".to_owned()
            }
        };
        self.attribute_error(obj, name, message)
    }
}

/// Found in a class, it becomes a method of the instance.
fn binds(v: &Value) -> bool {
    v.is_kind(Kind::Function) || v.get::<Builtin>().is_some_and(Builtin::is_descriptor)
}
