//! Building and taking apart containers.

use crate::machine::{Flow, Machine};
use crate::object::Kind;
use crate::op;
use crate::runtime as rt;

macro_rules! residuals {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! {
    build_map;
    build_set;
    build_slice;
    build_string;
    call_intrinsic_2;
    dict_merge;
    dict_update;
    list_extend;
    set_add;
    set_update;
    unpack_ex;
}

/// INTRINSIC_LIST_TO_TUPLE.
const LIST_TO_TUPLE: u32 = 6;

#[inline(always)]
pub fn call_intrinsic_1<M: Machine>(m: &mut M, which: u32) -> Flow {
    if which == LIST_TO_TUPLE && m.tuple_of_list() {
        return Ok(());
    }
    m.residual(rt::call_intrinsic_1, which)
}

#[inline(always)]
pub fn build_list<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.make_list(arg) {
        return Ok(());
    }
    m.residual(rt::build_list, arg)
}
#[inline(always)]
pub fn build_tuple<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if arg > 0 && m.make_tuple(arg) {
        return Ok(());
    }
    m.residual(rt::build_tuple, arg)
}

/// A comprehension's dict always is one.
#[inline(always)]
pub fn map_add<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (v, key, dict) = (m.peek(0), m.peek(1), m.peek(arg as usize + 1));
    if let Some(old) = m.set_dict_item(dict, key, v) {
        m.shrink(2);
        m.drop(key);
        m.drop(old);
        return Ok(());
    }
    m.residual(rt::map_add, arg)
}

#[inline(always)]
pub fn unpack_sequence<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let seq = m.peek(0);
    if m.is_kind(seq, Kind::Tuple) || m.is_kind(seq, Kind::List) {
        m.quicken(op::UNPACK_SEQUENCE_KNOWN)?;
    }
    m.residual(rt::unpack_sequence, arg)
}

/// Of a tuple or list.
#[inline(always)]
pub fn unpack_sequence_known<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let seq = m.peek(0);
    if !m.unpack(seq, arg as usize) {
        return m.residual(rt::unpack_sequence, arg);
    }
    m.jump(1);
    m.drop(seq);
    Ok(())
}

#[inline(always)]
pub fn list_append<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.quicken(op::LIST_APPEND_PLAIN)?;
    m.residual(rt::list_append, arg)
}
/// A comprehension's list always is one, but has it room?
#[inline(always)]
pub fn list_append_plain<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (v, list) = (m.peek(0), m.peek(arg as usize));
    if !m.append(list, v) {
        return m.residual(rt::list_append, arg);
    }
    m.shrink(1);
    Ok(())
}
