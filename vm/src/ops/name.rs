//! Names, globals, attributes, imports.

use crate::machine::{Flow, Machine};
use crate::op;
use crate::runtime as rt;
use seriema_monitoring::Event;

macro_rules! residuals {
    ($($name:ident;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! {
    load_name; store_name; delete_name; delete_global; store_attr; delete_attr;
    import_name; import_from; load_common_constant; setup_annotations; load_build_class; load_locals;
    load_from_dict_or_deref; load_from_dict_or_globals;
}

#[inline(always)]
pub fn store_global<M: Machine>(m: &mut M, name: u32) -> Flow {
    let v = m.peek(0);
    if let Some(old) = m.set_global(name, v) {
        m.shrink(1);
        m.drop(old);
        return Ok(());
    }
    m.residual(rt::store_global, name)
}

#[inline(always)]
pub fn load_super_attr<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.event(Event::Call, 0)?;
    m.residual(if M::PROBED { rt::load_super_attr_probed } else { rt::load_super_attr }, arg)
}

#[inline(always)]
pub fn load_global<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if let Some(v) = m.global(arg >> 1) {
        push_global(m, v, arg);
        return Ok(());
    }
    m.residual(rt::load_global, arg)
}

#[inline(always)]
fn push_global<M: Machine>(m: &mut M, v: M::V, arg: u32) {
    m.push(v);
    if arg & 1 != 0 {
        let null = m.null();
        m.push(null);
    }
    m.jump(4);
}

#[inline(always)]
pub fn load_global_cell<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.cached_global();
    push_global(m, v, arg);
    Ok(())
}

#[inline(always)]
pub fn load_attr<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::load_attr, arg)
}

/// The attribute stands where the owner stood; a method call wants a NULL behind it.
#[inline(always)]
fn attribute<M: Machine>(m: &mut M, owner: M::V, v: M::V, arg: u32) -> Flow {
    m.set(0, v);
    if arg & 1 != 0 {
        let null = m.null();
        m.push(null);
    }
    m.jump(9);
    m.drop(owner);
    Ok(())
}

/// An attribute of the instance itself.
#[inline(always)]
pub fn load_attr_slot<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.attr_slot(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
/// LOAD_FAST_BORROW, and such an attribute of it: the instance need not go over the stack.
#[inline(always)]
pub fn load_fast_attr_slot<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let unit = m.live_unit(0);
    // The other instruction may have taken another form since.
    if unit as u8 == op::LOAD_ATTR_SLOT {
        let owner = m.local(arg);
        if let Some(v) = m.attr_slot_ahead(owner) {
            m.push(v);
            if unit >> 8 & 1 != 0 {
                let null = m.null();
                m.push(null);
            }
            m.jump(1 + 9);
            return Ok(());
        }
    }
    super::stack::load_fast_borrow(m, arg)
}
/// A method of the instance's class, not bound: the instance goes behind it.
#[inline(always)]
pub fn load_attr_method<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.attr_of_class(owner) {
        Some(f) => {
            m.set(0, f);
            m.push(owner);
            m.jump(9);
            Ok(())
        }
        None => m.residual(rt::load_attr, arg),
    }
}
/// The same of an object that has no attributes of its own.
#[inline(always)]
pub fn load_attr_method_of_type<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.method_of_type(owner) {
        Some(f) => {
            m.set(0, f);
            m.push(owner);
            m.jump(9);
            Ok(())
        }
        None => m.residual(rt::load_attr, arg),
    }
}
/// A plain value in the instance's class.
#[inline(always)]
pub fn load_attr_const<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.attr_of_class(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
/// A plain value in a class, of the class itself.
#[inline(always)]
pub fn load_attr_class<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.class_attr(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
/// A field of a named tuple.
#[inline(always)]
pub fn load_attr_field<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.tuple_field(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
/// A staticmethod, of a class or an instance.
#[inline(always)]
pub fn load_attr_static<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.static_method(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
/// A classmethod, not bound: the class goes behind it.
#[inline(always)]
pub fn load_attr_class_method<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.class_method(owner) {
        Some((f, class)) => {
            m.set(0, f);
            m.push(class);
            m.jump(9);
            m.drop(owner);
            Ok(())
        }
        None => m.residual(rt::load_attr, arg),
    }
}
#[inline(always)]
pub fn load_attr_property<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::load_attr_property, arg)
}
#[inline(always)]
pub fn load_attr_module<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let owner = m.peek(0);
    match m.module_attr(owner) {
        Some(v) => attribute(m, owner, v, arg),
        None => m.residual(rt::load_attr, arg),
    }
}
#[inline(always)]
pub fn store_attr_slot<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (owner, v) = (m.peek(0), m.peek(1));
    match m.set_attr_slot(owner, v) {
        Some(old) => {
            m.shrink(2);
            m.jump(4);
            m.drop(old);
            m.drop(owner);
            Ok(())
        }
        None => m.residual(rt::store_attr, arg),
    }
}
