//! `Tier`: the interpreter's only view of a compiling tier, on cold paths.

use crate::vm::Vm;

/// A tier above the interpreter. While one of its methods runs it is out of the VM, so Python that runs
/// meanwhile is interpreted.
pub trait Tier {
    /// The back edge at unit `at` of the current frame's code has used up its counter and has been taken:
    /// the frame stands at the loop header, about to continue at `frame.ip`.
    fn hot(&mut self, vm: &mut Vm, at: u32);
    /// Runs region `region` from the current frame (at the loop header) and leaves the VM's frames as the
    /// interpreter is to continue.
    fn enter(&mut self, vm: &mut Vm, region: u32);
    /// `vm.invalidated` has grown.
    fn invalidate(&mut self, vm: &mut Vm);
    /// One line of JSON fields for `--stats`, without braces.
    fn stats(&self) -> String {
        String::new()
    }
}

/// The interpreter alone.
pub struct NoTier;

impl Tier for NoTier {
    fn hot(&mut self, vm: &mut Vm, at: u32) {
        crate::site::give_up_loop(vm.frame().code(), at as usize);
    }
    fn enter(&mut self, _vm: &mut Vm, _region: u32) {}
    fn invalidate(&mut self, vm: &mut Vm) {
        vm.invalidated.clear();
    }
}
