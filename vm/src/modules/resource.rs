//! Module `resource`.

use super::posix::sys::sys;
use crate::error::R;
use crate::object::BuiltinDef;
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("getrusage", 1, 1, |vm, a, _| {
        let who = vm.c_int(&a[0])?;
        // SAFETY: all zeroes is a valid buffer.
        let mut u: libc::rusage = unsafe { std::mem::zeroed() };
        match sys!(libc::getrusage(who, &mut u)) {
            Err(libc::EINVAL) => vm.fail("ValueError", "invalid who parameter"),
            r => {
                vm.ok(r)?;
                Ok(usage_value(vm, &u))
            }
        }
    }),
    BuiltinDef::new("getrlimit", 1, 1, |vm, a, _| {
        let which = resource(vm, &a[0])?;
        let mut l = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        vm.ok(sys!(libc::getrlimit(which as _, &mut l)))?;
        Ok(limits_value(vm, &l))
    }),
    BuiltinDef::new("setrlimit", 2, 2, |vm, a, _| {
        let (which, l) = (resource(vm, &a[0])?, limits(vm, &a[1])?);
        let r = sys!(libc::setrlimit(which as _, &l));
        refuse(vm, r)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("prlimit", 2, 3, |vm, a, _| {
        let (pid, which) = (vm.c_int(&a[0])?, resource(vm, &a[1])?);
        let new = match a.get(2).filter(|v| !v.is_none()) {
            Some(v) => Some(limits(vm, v)?),
            None => None,
        };
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        let p = new.as_ref().map_or(std::ptr::null(), |l| &raw const *l);
        let r = sys!(libc::prlimit(pid, which as _, p, &mut old));
        refuse(vm, r)?;
        Ok(limits_value(vm, &old))
    }),
    BuiltinDef::new("getpagesize", 0, 0, |_, _, _| {
        // SAFETY: a query.
        Ok(Value::small(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }))
    }),
];

static USAGE: StructSeq = StructSeq::new(
    "resource.struct_rusage",
    &[
        "ru_utime", "ru_stime", "ru_maxrss", "ru_ixrss", "ru_idrss", "ru_isrss", "ru_minflt", "ru_majflt",
        "ru_nswap", "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw",
        "ru_nivcsw",
    ],
    16,
);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("resource", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    let class = vm.struct_class(&USAGE);
    vm.set_global(&m, "struct_rusage", class);
    let error = vm.types.exception("OSError").clone();
    vm.set_global(&m, "error", error);
    Ok(m)
}

pub(crate) fn usage_value(vm: &mut Vm, u: &libc::rusage) -> Value {
    let time = |t: &libc::timeval| Value::float(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    let mut v = vec![time(&u.ru_utime), time(&u.ru_stime)];
    for n in [
        u.ru_maxrss, u.ru_ixrss, u.ru_idrss, u.ru_isrss, u.ru_minflt, u.ru_majflt, u.ru_nswap, u.ru_inblock,
        u.ru_oublock, u.ru_msgsnd, u.ru_msgrcv, u.ru_nsignals, u.ru_nvcsw, u.ru_nivcsw,
    ] {
        v.push(vm.int(n));
    }
    vm.struct_seq(&USAGE, v)
}
fn resource(vm: &mut Vm, v: &Value) -> R<i32> {
    let n = vm.c_int(v)?;
    if !(0..16).contains(&n) {
        return vm.fail("ValueError", "invalid resource specified");
    }
    Ok(n)
}
fn limits(vm: &mut Vm, v: &Value) -> R<libc::rlimit> {
    let pair = vm.to_vec(v)?;
    let [soft, hard] = &pair[..] else {
        return vm.fail("ValueError", "expected a tuple of 2 integers");
    };
    let (soft, hard) = (vm.c_long(soft)?, vm.c_long(hard)?);
    Ok(libc::rlimit { rlim_cur: soft as u64, rlim_max: hard as u64 })
}
fn limits_value(vm: &mut Vm, l: &libc::rlimit) -> Value {
    let (soft, hard) = (vm.int(l.rlim_cur as i64), vm.int(l.rlim_max as i64));
    vm.tuple(vec![soft, hard])
}
fn refuse(vm: &mut Vm, r: Result<i64, i32>) -> R {
    match r {
        Err(libc::EINVAL) => vm.fail("ValueError", "current limit exceeds maximum limit"),
        Err(libc::EPERM) => vm.fail("ValueError", "not allowed to raise maximum limit"),
        r => vm.ok(r).map(|_| ()),
    }
}

static CONSTANTS: &[(&str, i64)] = &[
    ("RLIMIT_AS", 9),
    ("RLIMIT_CORE", 4),
    ("RLIMIT_CPU", 0),
    ("RLIMIT_DATA", 2),
    ("RLIMIT_FSIZE", 1),
    ("RLIMIT_MEMLOCK", 8),
    ("RLIMIT_MSGQUEUE", 12),
    ("RLIMIT_NICE", 13),
    ("RLIMIT_NOFILE", 7),
    ("RLIMIT_NPROC", 6),
    ("RLIMIT_OFILE", 7),
    ("RLIMIT_RSS", 5),
    ("RLIMIT_RTPRIO", 14),
    ("RLIMIT_RTTIME", 15),
    ("RLIMIT_SIGPENDING", 11),
    ("RLIMIT_STACK", 3),
    ("RLIM_INFINITY", -1),
    ("RUSAGE_CHILDREN", libc::RUSAGE_CHILDREN as i64),
    ("RUSAGE_SELF", libc::RUSAGE_SELF as i64),
    ("RUSAGE_THREAD", libc::RUSAGE_THREAD as i64),
];
