//! `posix`: the structure sequences of files.

use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;

pub(crate) static STAT: StructSeq = StructSeq::new(
    "os.stat_result",
    &[
        "st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "", "", "", "st_atime",
        "st_mtime", "st_ctime", "st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize", "st_blocks",
        "st_rdev",
    ],
    10,
);
pub(crate) static STATVFS: StructSeq = StructSeq::new(
    "os.statvfs_result",
    &[
        "f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail",
        "f_flag", "f_namemax", "f_fsid",
    ],
    10,
);

fn unsigned(vm: &mut Vm, n: u64) -> Value {
    vm.big(BigInt::from(n))
}

pub(crate) fn stat_value(vm: &mut Vm, st: &libc::stat) -> Value {
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let mut v = vec![
        Value::small(st.st_mode as i64),
        unsigned(vm, st.st_ino),
        unsigned(vm, st.st_dev),
        vm.int(st.st_nlink as i64),
        Value::small(st.st_uid as i64),
        Value::small(st.st_gid as i64),
        vm.int(st.st_size),
    ];
    for (s, _) in times {
        v.push(vm.int(s));
    }
    for (s, ns) in times {
        v.push(Value::float(s as f64 + 1e-9 * ns as f64));
    }
    for (s, ns) in times {
        v.push(vm.big(BigInt::from(s) * 1_000_000_000 + ns));
    }
    v.push(vm.int(st.st_blksize));
    v.push(vm.int(st.st_blocks));
    v.push(unsigned(vm, st.st_rdev));
    vm.struct_seq(&STAT, v)
}

pub(crate) fn statvfs_value(vm: &mut Vm, st: &libc::statvfs) -> Value {
    let v = [
        st.f_bsize, st.f_frsize, st.f_blocks, st.f_bfree, st.f_bavail, st.f_files, st.f_ffree, st.f_favail,
        st.f_flag, st.f_namemax, st.f_fsid,
    ];
    let v = v.into_iter().map(|n| unsigned(vm, n)).collect();
    vm.struct_seq(&STATVFS, v)
}
