//! Module `_types`: the builtin classes that have no name in `builtins`.

use crate::error::R;
use crate::object::{Dict, Kw, Payload, Type};
use crate::types::native::{ClassDef, NO_NEW};
use crate::types::{generic_alias, union};
use crate::value::Value;
use crate::vm::Vm;

/// Nothing here makes capsules; the class is there to be named.
struct Capsule;
impl Payload for Capsule {}

static CAPSULE: ClassDef = ClassDef { name: "types.CapsuleType", flags: NO_NEW, ..ClassDef::DEFAULT };

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_types", &[]);
    let t = &vm.types;
    let mut classes: Vec<(&str, Value)> = vec![
        ("AsyncGeneratorType", t.async_generator.clone()),
        ("BuiltinFunctionType", t.builtin_function.clone()),
        ("BuiltinMethodType", t.builtin_function.clone()),
        ("CellType", t.cell.clone()),
        ("CodeType", t.code.clone()),
        ("CoroutineType", t.coroutine.clone()),
        ("EllipsisType", t.ellipsis.clone()),
        ("FunctionType", t.function.clone()),
        ("GeneratorType", t.generator.clone()),
        ("LambdaType", t.function.clone()),
        ("MethodDescriptorType", t.method_descriptor.clone()),
        ("MethodType", t.method.clone()),
        ("MethodWrapperType", t.method_wrapper.clone()),
        ("ModuleType", t.module.clone()),
        ("NoneType", t.none.clone()),
        ("NotImplementedType", t.not_implemented.clone()),
        ("SimpleNamespace", t.namespace.clone()),
        ("TracebackType", t.traceback.clone()),
        ("WrapperDescriptorType", t.slot_wrapper.clone()),
    ];
    classes.push(("GenericAlias", vm.native_class::<generic_alias::GenericAlias>(&generic_alias::CLASS)));
    classes.push(("UnionType", vm.native_class::<union::Union>(&union::CLASS)));
    classes.push(("CapsuleType", vm.native_class::<Capsule>(&CAPSULE)));
    classes.push(("MappingProxyType", vm.mapping_proxy_class()));
    // The classes of descriptors and frames, found as a program finds them.
    let descriptors = [
        ("GetSetDescriptorType", vm.types.function.clone(), "__code__"),
        ("MemberDescriptorType", vm.types.function.clone(), "__globals__"),
        ("ClassMethodDescriptorType", vm.types.dict.clone(), "fromkeys"),
    ];
    for (name, class, attribute) in descriptors {
        let key = vm.intern(attribute);
        if let Some(d) = class.as_::<Type>().dict.as_::<Dict>().get_str(&key) {
            classes.push((name, vm.type_of(&d).clone()));
        }
    }
    if let Some(getframe) = vm.sys_attribute("_getframe") {
        let frame = vm.call(&getframe, &[], Kw::NONE)?;
        classes.push(("FrameType", vm.type_of(&frame).clone()));
    }
    for (name, class) in classes {
        vm.set_global(&m, name, class);
    }
    Ok(m)
}
