//! Names, globals, attributes, imports.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;

macro_rules! residuals {
    ($($name:ident;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! {
    load_name; store_name; delete_name; store_global; delete_global; store_attr; delete_attr;
    import_name; import_from; load_common_constant; setup_annotations; load_build_class; load_locals;
    load_from_dict_or_deref; load_from_dict_or_globals; load_super_attr;
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
