//! Calls, entry and return.

use crate::machine::{Flow, Machine};
use crate::object::{Intrinsic, Kind};
use crate::op;
use crate::runtime as rt;
use seriema_monitoring::Event;

/// Inline-cache units of CALL and CALL_KW.
pub(crate) const SKIP: u16 = 3;

#[inline(always)]
pub fn call<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let callable = m.peek(arg as usize + 1);
    let bound = m.is_kind(callable, Kind::Method);
    if bound {
        m.residual(rt::expand_method, arg)?;
    }
    m.event(Event::Call, 0)?;
    let callable = m.peek(arg as usize + 1);
    if m.is_kind(callable, Kind::Function) {
        let generator = !M::PROBED && m.is_generator_function(callable);
        m.quicken(match generator {
            _ if bound => op::CALL_BOUND_METHOD,
            true => op::CALL_GENERATOR,
            false => op::CALL_PY_EXACT,
        })?;
        if generator {
            return call_generator(m, arg);
        }
        if m.enter_function(arg, SKIP)? {
            return Ok(());
        }
    }
    if !M::PROBED && m.call_known(arg)? {
        return Ok(());
    }
    m.residual(if M::PROBED { rt::call_probed } else { rt::call }, arg)
}

#[inline(always)]
pub fn call_py_exact<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.enter_function(arg, SKIP)? {
        return Ok(());
    }
    m.residual(rt::call_any, arg)
}

/// A bound method of a Python function. (Where the function is not entered after all, the call goes on as that of
/// function and self, which is the same.)
#[inline(always)]
pub fn call_bound_method<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.expand_method(arg) && m.enter_function(arg, SKIP)? {
        return Ok(());
    }
    m.residual(rt::call_any, arg)
}

/// A Python function with positional parameters only, of which the last ones have their defaults.
#[inline(always)]
pub fn call_py_defaults<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.enter_with_defaults(arg, SKIP) {
        return Ok(());
    }
    m.residual(rt::call_any, arg)
}

/// A generator function of positional parameters only.
#[inline(always)]
pub fn call_generator<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.make_generator(arg) {
        m.jump(SKIP as isize);
        return Ok(());
    }
    m.residual(rt::call_any, arg)
}

#[inline(always)]
pub fn call_class<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::call_class, arg)
}

#[inline(always)]
pub fn call_builtin<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::call_builtin, arg)
}

macro_rules! intrinsic_forms {
    ($($(#[$doc:meta])* $name:ident $intrinsic:ident, $args:pat, $general:ident;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
                if matches!(arg, $args) && m.call_intrinsic(Intrinsic::$intrinsic, arg) {
                    m.jump(SKIP as isize);
                    return Ok(());
                }
                m.residual(rt::$general, arg)
            }
        )*
        /// The form of a call of this builtin.
        #[cfg(seriema_tail)]
        #[inline(always)]
        pub fn call_known<M: Machine>(m: &mut M, which: Intrinsic, arg: u32) -> Flow {
            match which {
                $(Intrinsic::$intrinsic => $name(m, arg),)*
                Intrinsic::None => m.residual(rt::call_any, arg),
            }
        }
        /// Does what the builtin does, with so many arguments, if it is one of these; `call` gets it as a constant.
        #[cfg(seriema_tail)]
        #[inline(always)]
        pub fn by_itself<T>(which: Intrinsic, args: u32, call: impl Fn(Intrinsic) -> Option<T>) -> Option<T> {
            match which {
                $(Intrinsic::$intrinsic if matches!(args, $args) => call(Intrinsic::$intrinsic),)*
                _ => None,
            }
        }
    };
}
intrinsic_forms! {
    /// `len(x)`.
    call_len Len, 1, call_builtin;
    /// `isinstance(x, C)`.
    call_isinstance IsInstance, 2, call_builtin;
    /// `l.append(x)`.
    call_list_append ListAppend, 1, call_builtin;
    /// `id(x)`.
    call_id Id, 1, call_builtin;
    /// `d.get(k)` and `d.get(k, default)`.
    call_dict_get DictGet, 1 | 2, call_builtin;
    /// `type(x)`.
    call_type Type, 1, call_class;
}

#[inline(always)]
pub fn call_kw<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let callable = m.peek(arg as usize + 2);
    if m.is_kind(callable, Kind::Method) {
        m.residual(rt::expand_method_kw, arg)?;
    }
    m.event(Event::Call, 0)?;
    m.residual(if M::PROBED { rt::call_kw_probed } else { rt::call_kw }, arg)
}

#[inline(always)]
pub fn call_function_ex<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::prepare_call_ex, arg)?;
    m.event(Event::Call, 0)?;
    m.residual(if M::PROBED { rt::call_ex_probed } else { rt::call_ex }, arg)
}

/// The frame is complete: signals and thread switches are answered here, then PY_START or PY_RESUME.
#[inline(always)]
pub fn resume<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.poll()?;
    if !m.is_current() {
        return m.residual(rt::bring_up_to_date, arg);
    }
    m.event(if arg & 3 == 0 { Event::PyStart } else { Event::PyResume }, 0)
}

#[inline(always)]
pub fn return_value<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    m.event(Event::PyReturn, 0)?;
    m.leave_function()
}

/// In the body of a generator.
#[inline(always)]
pub fn return_from_generator<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    m.leave_generator()
}
