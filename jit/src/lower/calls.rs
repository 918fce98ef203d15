//! Calls of runtime functions.
//!
//! Cranelift's register allocator does not split live ranges around a call that clobbers registers: one
//! plain call anywhere in a loop keeps the loop's values in stack slots on every path. So:
//!
//! ```text
//!   label ...  call2 h  ...  jump self        plain: every round pays for the call anyway
//!   side segment, outer loop's label          stub: preserves all registers, the other paths keep theirs
//! ```
//!
//! A stub has no result register (that is the convention): it writes the result to a stack slot.

use super::Result;
use super::build::{Lower, malformed};
use super::stubs::stub_signature;
use super::{CallPolicy, HelperAddr};
use crate::ir::{Block, BlockKind, Func, Inst, Term};
use cranelift_codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, InstBuilder, Signature, StackSlotData, StackSlotKind,
    UserExternalName, Value, types,
};
use cranelift_codegen::isa::CallConv;

/// A called address and how it is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Import {
    address: usize,
    arity: usize,
    stub: bool,
}

/// May calls in this block be plain? Where all paths through the innermost loop pass by them.
pub fn plain_calls_in(func: &Func, block: Block) -> bool {
    let data = func.block(block);
    let own_loop = match &data.term {
        Term::Jump { to, .. } => *to == block,
        Term::Exit(_) | Term::Open => true,
    };
    own_loop && matches!(data.kind, BlockKind::Label { .. })
}

/// What every helper looks like: the VM, then the words.
pub fn helper_signature(conv: CallConv, arity: usize) -> Signature {
    let mut sig = Signature::new(conv);
    sig.params.extend(std::iter::repeat_n(AbiParam::new(types::I64), arity + 1));
    sig.returns.push(AbiParam::new(types::I64));
    sig
}

impl Lower<'_, '_> {
    pub fn call(&mut self, inst: &Inst) -> Result<Value> {
        let Some(&helper) = self.env.helpers.get(inst.imm as usize) else {
            return Err(malformed(format_args!("no helper {}", inst.imm)));
        };
        let args = inst.args().iter().map(|&a| self.value(a)).collect::<Result<Vec<_>>>()?;
        let plain = match self.env.calls {
            CallPolicy::Auto => self.plain_calls,
            CallPolicy::Direct => true,
            CallPolicy::Stub => false,
        };
        if plain { self.plain_call(helper, &args) } else { self.stub_call(helper, &args) }
    }

    fn plain_call(&mut self, helper: HelperAddr, args: &[Value]) -> Result<Value> {
        let vm = self.b.ins().iconst(types::I64, self.env.vm as i64);
        let all: Vec<Value> = std::iter::once(vm).chain(args.iter().copied()).collect();
        let conv = self.b.func.signature.call_conv;
        let sig = helper_signature(conv, args.len());
        let inst = self.call_address(Import { address: helper.0, arity: args.len(), stub: false }, sig, &all);
        self.b.inst_results(inst).first().copied().ok_or_else(|| malformed("a call without result"))
    }

    fn stub_call(&mut self, helper: HelperAddr, args: &[Value]) -> Result<Value> {
        let conv = self.b.func.signature.call_conv;
        let address = self.env.stubs.get(helper, args.len(), conv)?;
        let slot = *self.result_slot.get_or_insert_with(|| {
            self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3))
        });
        let out = self.b.ins().stack_addr(types::I64, slot, 0);
        let all: Vec<Value> = std::iter::once(out).chain(args.iter().copied()).collect();
        self.call_address(
            Import { address, arity: args.len(), stub: true },
            stub_signature(args.len()),
            &all,
        );
        Ok(self.b.ins().stack_load(types::I64, types::I64, slot, 0))
    }

    /// A direct call where the address is in reach, else one through a register.
    fn call_address(&mut self, to: Import, sig: Signature, args: &[Value]) -> cranelift_codegen::ir::Inst {
        if !self.env.arena.reaches(to.address) {
            let sig = self.b.import_signature(sig);
            let address = self.b.ins().iconst(types::I64, to.address as i64);
            return self.b.ins().call_indirect(sig, address, args);
        }
        let func = match self.imports.get(&to) {
            Some(&func) => func,
            None => {
                let func = self.import(to.address, sig);
                self.imports.insert(to, func);
                func
            }
        };
        self.b.ins().call(func, args)
    }

    fn import(&mut self, address: usize, sig: Signature) -> cranelift_codegen::ir::FuncRef {
        let index = self.symbols.len() as u32;
        self.symbols.push(address);
        let name = self.b.func.declare_imported_user_function(UserExternalName { namespace: 0, index });
        let signature = self.b.import_signature(sig);
        let name = ExternalName::user(name);
        self.b.import_function(ExtFuncData { name, signature, colocated: true, patchable: false })
    }
}
