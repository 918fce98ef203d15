//! Subscripts, slices, membership.

use super::finish2;
use crate::machine::{Flow, Machine};
use crate::object::Kind;
use crate::op;
use crate::runtime as rt;

#[inline(always)]
pub fn binary_subscr<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    m.will_drop(y);
    m.will_drop(x);
    if m.is_kind(x, Kind::List) && m.ints(y, y) {
        m.quicken(op::BINARY_OP_SUBSCR_LIST_INT)?;
    }
    if m.is_kind(x, Kind::List)
        && let Some(r) = m.list_item(x, y)
    {
        m.jump(5);
        finish2(m, r);
        return Ok(());
    }
    if m.is_kind(x, Kind::Tuple) && m.ints(y, y) {
        m.quicken(op::BINARY_OP_SUBSCR_TUPLE_INT)?;
    } else if m.is_kind(x, Kind::Dict) {
        m.quicken(op::BINARY_OP_SUBSCR_DICT)?;
    } else {
        m.quicken(op::BINARY_OP_OBJECTS)?;
    }
    if !M::PROBED && m.enter_getitem()? {
        return Ok(());
    }
    let r = m.call(&rt::BINARY_OP, arg, &[x, y])?;
    m.jump(5);
    finish2(m, r);
    Ok(())
}

#[inline(always)]
pub fn subscr_tuple_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    match m.tuple_item(x, y) {
        Some(r) => {
            m.set(1, r);
            m.shrink(1);
            m.jump(5);
            m.drop(x);
            Ok(())
        }
        None => {
            m.quicken(op::BINARY_OP)?;
            m.residual(rt::binary_op_again, arg)
        }
    }
}

#[inline(always)]
pub fn subscr_dict<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (key, dict) = (m.peek(0), m.peek(1));
    if let Some(r) = m.dict_item(dict, key) {
        m.jump(5);
        finish2(m, r);
        return Ok(());
    }
    if m.is_kind(dict, Kind::Dict) {
        return m.residual(rt::subscr_dict, arg);
    }
    m.quicken(op::BINARY_OP)?;
    m.residual(rt::binary_op_again, arg)
}

#[inline(always)]
pub fn subscr_list_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.is_kind(x, Kind::List)
        && let Some(r) = m.list_item(x, y)
    {
        m.set(1, r);
        m.shrink(1);
        m.jump(5);
        m.drop(x);
        return Ok(());
    }
    m.quicken(op::BINARY_OP)?;
    m.residual(rt::binary_op_again, arg)
}

#[inline(always)]
pub fn store_subscr<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    // value, container, index
    let (index, list, v) = (m.peek(0), m.peek(1), m.peek(2));
    m.will_drop(list);
    m.will_drop(index);
    if m.is_kind(list, Kind::List) && m.ints(index, index) {
        m.quicken(op::STORE_SUBSCR_LIST_INT)?;
    }
    if m.is_kind(list, Kind::List) && m.set_list_item(list, index, v) {
        m.jump(1);
        m.shrink(3);
        m.drop(list);
        return Ok(());
    }
    if let Some(old) = m.set_dict_item(list, index, v) {
        m.jump(1);
        m.shrink(3);
        m.drop(list);
        m.drop(index);
        m.drop(old);
        return Ok(());
    }
    m.quicken_unless(op::STORE_SUBSCR_OBJECT, list, &[Kind::List, Kind::Dict])?;
    m.call(&rt::STORE_SUBSCR, 0, &[v, list, index])?;
    m.jump(1);
    m.shrink(3);
    m.drop(v);
    m.drop(list);
    m.drop(index);
    Ok(())
}

/// Of what no machine knows, the last time: straight to the runtime.
#[inline(always)]
pub fn store_subscr_object<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::store_subscr_object, arg)
}

#[inline(always)]
pub fn store_subscr_list_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (index, list, v) = (m.peek(0), m.peek(1), m.peek(2));
    if m.is_kind(list, Kind::List) && m.set_list_item(list, index, v) {
        m.jump(1);
        m.shrink(3);
        m.drop(list);
        return Ok(());
    }
    m.quicken(op::STORE_SUBSCR)?;
    m.residual(rt::store_subscr_again, arg)
}

#[inline(always)]
pub fn delete_subscr<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::delete_subscr, arg)
}

#[inline(always)]
pub fn binary_slice<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (stop, start, c) = (m.peek(0), m.peek(1), m.peek(2));
    if let Some(r) = m.part(c, start, stop) {
        // The bounds are ints or None.
        m.set(2, r);
        m.shrink(2);
        m.drop(c);
        return Ok(());
    }
    m.quicken_unless(op::BINARY_SLICE_OBJECT, c, &[Kind::List, Kind::Tuple])?;
    m.residual(rt::binary_slice, arg)
}

/// Of what no machine knows, the last time: straight to the runtime.
#[inline(always)]
pub fn binary_slice_object<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::binary_slice_object, arg)
}

#[inline(always)]
pub fn store_slice<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (stop, start, c, v) = (m.peek(0), m.peek(1), m.peek(2), m.peek(3));
    if m.exchange_part(c, start, stop, v) {
        m.shrink(4);
        m.drop(v);
        m.drop(c);
        return Ok(());
    }
    m.residual(rt::store_slice, arg)
}

#[inline(always)]
pub fn contains_op<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (container, item) = (m.peek(0), m.peek(1));
    if let Some(r) = m.contains(container, item) {
        let r = if arg == 1 { m.not(r) } else { r };
        m.jump(1);
        finish2(m, r);
        return Ok(());
    }
    m.quicken(op::CONTAINS_OP_OBJECTS)?;
    let r = m.call(&rt::CONTAINS_OP, arg, &[item, container])?;
    m.jump(1);
    finish2(m, r);
    Ok(())
}

/// In what no machine knows, the last time: straight to the runtime.
#[inline(always)]
pub fn contains_op_objects<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::contains_op_objects, arg)
}
