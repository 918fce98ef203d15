//! Attributes that are computed: what CPython's getset descriptors and members give. One function a kind.

use super::number::Num;
use crate::code::Code;
use crate::error::R;
use crate::object::{
    Builtin, ClosureCell, Exception, Function, Kind, Method, Module, Namespace, Range, Slice, Str, Tuple,
    Type,
};
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// A computed attribute; `None`: the object has none of this name.
    pub(crate) fn special(&mut self, obj: &Value, name: &str) -> R<Option<Value>> {
        if name == "__class__" {
            return Ok(Some(self.type_of(obj).clone()));
        }
        let Some(kind) = obj.kind() else { return self.number_special(obj, name) };
        let found = match kind {
            Kind::Int | Kind::Float => return self.number_special(obj, name),
            Kind::Function => return self.function_special(obj, name),
            Kind::Code => return self.code_attribute(obj.as_(), name),
            Kind::Exception => self.exception_special(obj, name),
            Kind::Builtin => self.builtin_special(obj.as_(), name),
            Kind::Method => match name {
                "__func__" => Some(obj.as_::<Method>().func.clone()),
                "__self__" => Some(obj.as_::<Method>().self_.clone()),
                _ => None,
            },
            Kind::Module if name == "__dict__" => Some(obj.as_::<Module>().dict.clone()),
            Kind::Namespace if name == "__dict__" => Some(obj.as_::<Namespace>().dict.clone()),
            Kind::Range => {
                let r = obj.as_::<Range>();
                bounds(name, &r.start, &r.stop, &r.step)
            }
            Kind::Slice => {
                let s = obj.as_::<Slice>();
                bounds(name, &s.start, &s.stop, &s.step)
            }
            Kind::ClosureCell if name == "cell_contents" => match obj.as_::<ClosureCell>().get() {
                Some(v) => Some(v),
                None => return self.fail("ValueError", "Cell is empty"),
            },
            Kind::Generator => self.generator_special(obj, name),
            Kind::Traceback => return self.traceback_get(obj, name),
            Kind::FrameObject => return self.frame_get(obj, name),
            _ => None,
        };
        let own_doc = matches!(kind, Kind::Module | Kind::Namespace | Kind::Method);
        Ok(found.or(if name == "__doc__" && !own_doc { Some(Value::NONE) } else { None }))
    }

    fn number_special(&mut self, v: &Value, name: &str) -> R<Option<Value>> {
        Ok(match (Num::of(v), name) {
            (Some(Num::Float(f)), "real") => Some(Value::float(f)),
            (Some(Num::Float(_)), "imag") => Some(Value::float(0.0)),
            (Some(Num::Float(_)), _) => None,
            (Some(Num::Int(i)), "real" | "numerator") => Some(self.int(i)),
            (Some(Num::Big(_)), "real" | "numerator") => Some(self.plain_number(v)),
            (Some(_), "imag") => Some(Value::small(0)),
            (Some(_), "denominator") => Some(Value::small(1)),
            (_, "__doc__") => Some(Value::NONE),
            _ => None,
        })
    }

    fn builtin_special(&mut self, b: &Builtin, name: &str) -> Option<Value> {
        Some(match name {
            "__name__" => self.intern(b.def.name),
            "__qualname__" => match b.owner.get::<Type>() {
                Some(t) => {
                    let owner = t.name.borrow().clone();
                    self.string(format!("{owner}.{}", b.def.name))
                }
                None => self.intern(b.def.name),
            },
            "__text_signature__" | "__doc__"
                if b.module.get::<Str>().is_some_and(|m| m.as_str() == "builtins") =>
            {
                let (sig, doc) = super::docs::function(b.def.name)?;
                let sig = b.def.signature.unwrap_or(sig);
                let text = if name == "__doc__" { doc } else { sig };
                if text.is_empty() { Value::NONE } else { self.str(text) }
            }
            "__text_signature__" => b.def.signature.map_or(Value::NONE, |s| self.str(s)),
            "__self__" if !b.self_.is_null() => b.self_.clone(),
            "__objclass__" if b.is_descriptor() => b.owner.clone(),
            // (Of a bound one only a special method says so.)
            "__objclass__"
                if b.owner.is_kind(Kind::Type) && super::specials::SPECIAL_NAMES.contains(&b.def.name) =>
            {
                b.owner.clone()
            }
            "__module__" if !b.is_descriptor() => {
                if b.module.is_null() {
                    Value::NONE
                } else {
                    b.module.clone()
                }
            }
            _ => return None,
        })
    }

    fn function_special(&mut self, obj: &Value, name: &str) -> R<Option<Value>> {
        let f = obj.as_::<Function>();
        if matches!(name, "__code__" | "__defaults__" | "__kwdefaults__") {
            self.audit("object.__getattr__", |vm| vec![obj.clone(), vm.intern(name)])?;
        }
        Ok(Some(match name {
            "__name__" => f.name.borrow().clone(),
            "__qualname__" => f.qualname.borrow().clone(),
            "__code__" => f.code_value(),
            "__defaults__" => f.defaults.borrow().clone(),
            "__kwdefaults__" => f.kwdefaults.borrow().clone(),
            "__globals__" => f.globals.clone(),
            "__builtins__" => f.builtins.clone(),
            "__closure__" => f.closure.clone(),
            "__doc__" => f.doc.borrow().clone(),
            "__module__" => f.module.borrow().clone(),
            "__annotate__" => f.annotate.borrow().clone(),
            "__type_params__" => {
                let p = f.type_params.borrow().clone();
                if p.is_null() { self.tuple(vec![]) } else { p }
            }
            "__annotations__" => self.function_annotations(f)?,
            "__dict__" => match self.make_own_dict(obj) {
                Some(d) => d,
                None => return Ok(None),
            },
            _ => return Ok(None),
        }))
    }

    fn exception_special(&mut self, e: &Value, name: &str) -> Option<Value> {
        let x = e.as_::<Exception>();
        match name {
            "args" => Some(x.args.borrow().clone()),
            "__cause__" => Some(x.cause.borrow().clone()),
            "__context__" => Some(x.context.borrow().clone()),
            "__traceback__" => Some(x.traceback.borrow().clone()),
            "__suppress_context__" => Some(Value::bool(x.suppress_context.get())),
            "__dict__" => self.make_own_dict(e),
            _ => None,
        }
    }

    /// Sets (or with `None` deletes) an attribute that is not simply in a dict. False: not such a one.
    pub(crate) fn set_special(&mut self, obj: &Value, name: &str, v: Option<&Value>) -> R<bool> {
        match obj.kind() {
            Some(Kind::Function) => self.set_function_special(obj, name, v),
            Some(Kind::Exception) => self.set_exception_special(obj, name, v),
            Some(Kind::FrameObject) => self.frame_set(obj, name, v),
            Some(Kind::Traceback) => self.traceback_set(obj, name, v),
            Some(Kind::Generator) => self.set_generator_special(obj, name, v),
            Some(Kind::ClosureCell) if name == "cell_contents" => {
                drop(obj.as_::<ClosureCell>().set(v.cloned().unwrap_or(Value::NULL)));
                Ok(true)
            }
            Some(Kind::Module | Kind::Namespace) if matches!(name, "__dict__" | "__class__") => {
                self.fail("AttributeError", "readonly attribute")
            }
            _ => Ok(false),
        }
    }

    fn set_function_special(&mut self, obj: &Value, name: &str, v: Option<&Value>) -> R<bool> {
        let f = obj.as_::<Function>();
        let none = Value::NONE;
        let is_none = v.is_none_or(Value::is_none);
        let given = v.unwrap_or(&none);
        let must =
            |vm: &mut Vm, what: &str| vm.fail("TypeError", format!("{name} must be set to a {what} object"));
        if matches!(name, "__code__" | "__defaults__" | "__kwdefaults__") {
            // None is as good as nothing for the defaults.
            let gone = v.is_none() || name != "__code__" && is_none;
            let event = if gone { "object.__delattr__" } else { "object.__setattr__" };
            self.audit(event, |vm| {
                let mut args = vec![obj.clone(), vm.intern(name)];
                args.extend(v.filter(|_| !gone).cloned());
                args
            })?;
        }
        let slot = match name {
            "__name__" | "__qualname__" if !given.is_kind(Kind::Str) => return must(self, "string"),
            "__name__" => &f.name,
            "__qualname__" => &f.qualname,
            "__defaults__" if !is_none && !given.is_kind(Kind::Tuple) => return must(self, "tuple"),
            "__defaults__" => &f.defaults,
            "__kwdefaults__" if !is_none && !given.is_kind(Kind::Dict) => return must(self, "dict"),
            "__kwdefaults__" => &f.kwdefaults,
            "__doc__" => &f.doc,
            "__module__" => &f.module,
            "__annotate__" | "__annotations__" | "__type_params__" => {
                return self.set_function_annotation(f, name, v).map(|()| true);
            }
            "__code__" => {
                let Some(code) = given.get::<Code>() else { return must(self, "code") };
                let closure = f.closure.get::<Tuple>().map_or(0, |t| t.as_slice().len());
                if closure != code.nfree as usize {
                    let n = f.name.borrow().clone();
                    let message = format!(
                        "{}() requires a code object with {closure} free vars, not {}",
                        n.get::<Str>().map_or("?", Str::as_str),
                        code.nfree
                    );
                    return self.fail("ValueError", message);
                }
                self.bind_globals(code, &f.globals);
                // The old code is never freed: frames may be running on it, and only the function kept it.
                let _ = f.code.replace(given.clone().into_word());
                return Ok(true);
            }
            "__dict__" if v.is_none() => return self.fail("TypeError", "cannot delete __dict__"),
            "__dict__" if given.is_kind(Kind::Dict) => &f.dict,
            "__dict__" => {
                let message =
                    format!("__dict__ must be set to a dictionary, not a '{}'", self.type_name(given));
                return self.fail("TypeError", message);
            }
            "__globals__" | "__closure__" | "__builtins__" => {
                return self.fail("AttributeError", "readonly attribute");
            }
            "__class__" => {
                return self.fail("NotImplementedError", format!("setting {name} is not supported yet"));
            }
            _ => return Ok(false),
        };
        let old = slot.replace(given.clone());
        drop(old);
        Ok(true)
    }

    fn set_exception_special(&mut self, e: &Value, name: &str, v: Option<&Value>) -> R<bool> {
        let x = e.as_::<Exception>();
        let Some(v) = v else {
            return match name {
                "args" | "__cause__" | "__context__" | "__traceback__" => {
                    self.fail("TypeError", format!("{name} may not be deleted"))
                }
                "__suppress_context__" => self.fail("TypeError", "can't delete numeric/char attribute"),
                "__dict__" => self.fail("TypeError", "cannot delete __dict__"),
                _ => Ok(false),
            };
        };
        let exception = v.is_none() || v.is_kind(Kind::Exception);
        let old = match name {
            "args" => {
                let items = self.to_vec(v)?;
                let t = self.tuple(items);
                x.args.replace(t)
            }
            "__cause__" if exception => {
                x.suppress_context.set(true);
                x.cause.replace(v.clone())
            }
            "__context__" if exception => x.context.replace(v.clone()),
            "__cause__" | "__context__" => {
                let what = name.trim_matches('_');
                return self.fail(
                    "TypeError",
                    format!("exception {what} must be None or derive from BaseException"),
                );
            }
            "__traceback__" if v.is_none() || v.is_kind(Kind::Traceback) => x.traceback.replace(v.clone()),
            "__traceback__" => return self.fail("TypeError", "__traceback__ must be a traceback or None"),
            "__suppress_context__" if v.word().is_bool() => {
                x.suppress_context.set(v.is(&Value::TRUE));
                Value::NONE
            }
            "__suppress_context__" => return self.fail("TypeError", "attribute value type must be bool"),
            "__dict__" if v.is_kind(Kind::Dict) => x.dict.replace(v.clone()),
            "__dict__" => {
                let message = format!("__dict__ must be set to a dictionary, not a '{}'", self.type_name(v));
                return self.fail("TypeError", message);
            }
            _ => return Ok(false),
        };
        drop(old);
        Ok(true)
    }
}

fn bounds(name: &str, start: &Value, stop: &Value, step: &Value) -> Option<Value> {
    match name {
        "start" => Some(start.clone()),
        "stop" => Some(stop.clone()),
        "step" => Some(step.clone()),
        _ => None,
    }
}
