//! Stubs that call a helper and preserve every register of the caller.
//!
//! ```text
//!   region ── preserve_all (out, a, b, c) ──> stub ── C (vm, a, b, c) ──> helper
//!                                               └─ *out = result
//! ```
//!
//! Cranelift writes them: a function of the `preserve_all` convention that makes an ordinary call saves all
//! registers that the call may change, on every target. A stub is made when it is first used and lives as
//! long as the compiler, which is what cranelift-jit is made for: one module, functions added, never freed.

use super::calls::helper_signature;
use super::{CompileError, HelperAddr, Result, backend, build};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Stubs {
    isa: Arc<dyn TargetIsa>,
    vm: u64,
    /// Made with the first stub.
    module: Option<JITModule>,
    made: HashMap<(HelperAddr, usize), usize>,
}

/// Where the result goes, then the words.
pub(super) fn stub_signature(arity: usize) -> Signature {
    let mut sig = Signature::new(CallConv::PreserveAll);
    sig.params.extend(std::iter::repeat_n(AbiParam::new(types::I64), arity + 1));
    sig
}

impl Stubs {
    pub fn new(isa: Arc<dyn TargetIsa>, vm: u64) -> Stubs {
        Stubs { isa, vm, module: None, made: HashMap::new() }
    }

    /// Address of the stub for a helper of `arity` words and convention `conv`.
    pub fn get(&mut self, helper: HelperAddr, arity: usize, conv: CallConv) -> Result<usize> {
        if let Some(&address) = self.made.get(&(helper, arity)) {
            return Ok(address);
        }
        let isa = self.isa.clone();
        let module = self
            .module
            .get_or_insert_with(|| JITModule::new(JITBuilder::with_isa(isa, default_libcall_names())));
        let address = make(module, self.vm, helper, arity, conv)?;
        self.made.insert((helper, arity), address);
        Ok(address)
    }
}

fn make(module: &mut JITModule, vm: u64, helper: HelperAddr, arity: usize, conv: CallConv) -> Result<usize> {
    let mut ctx = module.make_context();
    ctx.func.signature = stub_signature(arity);
    let mut fbc = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut ctx.func, &mut fbc);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    let params = b.block_params(block).to_vec();
    let Some((&out, words)) = params.split_first() else {
        return Err(CompileError::Backend("a stub without parameters".into()));
    };
    let vm = b.ins().iconst(types::I64, vm as i64);
    let args: Vec<_> = std::iter::once(vm).chain(words.iter().copied()).collect();
    let sig = b.import_signature(helper_signature(conv, arity));
    let target = b.ins().iconst(types::I64, helper.0 as i64);
    let call = b.ins().call_indirect(sig, target, &args);
    let result = b.inst_results(call)[0];
    b.ins().store(build::TRUSTED, result, out, 0);
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(module.target_config());
    let name = format!("stub_{:x}_{arity}", helper.0);
    let id = module.declare_function(&name, Linkage::Local, &ctx.func.signature).map_err(backend)?;
    module.define_function(id, &mut ctx).map_err(backend)?;
    module.finalize_definitions().map_err(backend)?;
    Ok(module.get_finalized_function(id) as usize)
}

impl Drop for Stubs {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the compiler owns the regions, the only callers of stubs, and goes away with them:
            // whoever drops it promises that none of them runs.
            unsafe { module.free_memory() };
        }
    }
}
