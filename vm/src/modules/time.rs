//! Module `time`. Clocks and zones are the system's.

use crate::error::R;
use crate::modules::posix::sys::{errno, sys};
use crate::object::{BuiltinDef, Kw, Str, Tuple};
use crate::types::number::Num;
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, CString, c_int};
use std::time::{Duration, Instant};

macro_rules! clock {
    ($name:literal, $ns:literal, $id:ident) => {
        [
            BuiltinDef::new($name, 0, 0, |vm, _, _| {
                let t = read_clock(vm, libc::$id)?;
                Ok(Value::float(seconds(&t)))
            }),
            BuiltinDef::new($ns, 0, 0, |vm, _, _| {
                let t = read_clock(vm, libc::$id)?;
                Ok(nanoseconds(vm, &t))
            }),
        ]
    };
}

static CLOCKS: [[BuiltinDef; 2]; 5] = [
    clock!("time", "time_ns", CLOCK_REALTIME),
    clock!("monotonic", "monotonic_ns", CLOCK_MONOTONIC),
    clock!("perf_counter", "perf_counter_ns", CLOCK_MONOTONIC),
    clock!("process_time", "process_time_ns", CLOCK_PROCESS_CPUTIME_ID),
    clock!("thread_time", "thread_time_ns", CLOCK_THREAD_CPUTIME_ID),
];

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("clock_gettime", 1, 1, |vm, a, _| {
        let id = clock_id(vm, &a[0])?;
        let t = read_clock(vm, id)?;
        Ok(Value::float(seconds(&t)))
    }),
    BuiltinDef::new("clock_gettime_ns", 1, 1, |vm, a, _| {
        let id = clock_id(vm, &a[0])?;
        let t = read_clock(vm, id)?;
        Ok(nanoseconds(vm, &t))
    }),
    BuiltinDef::new("clock_getres", 1, 1, |vm, a, _| {
        let id = clock_id(vm, &a[0])?;
        let mut t = NO_TIME;
        vm.ok(sys!(libc::clock_getres(id, &mut t)))?;
        Ok(Value::float(seconds(&t)))
    }),
    BuiltinDef::new("clock_settime", 2, 2, |vm, a, _| {
        let (id, t) = (clock_id(vm, &a[0])?, super::posix::time_spec(vm, &a[1])?);
        vm.none(sys!(libc::clock_settime(id, &t)))
    }),
    BuiltinDef::new("clock_settime_ns", 2, 2, |vm, a, _| {
        let (id, t) = (clock_id(vm, &a[0])?, super::posix::nano_spec(vm, &a[1])?);
        vm.none(sys!(libc::clock_settime(id, &t)))
    }),
    BuiltinDef::new("pthread_getcpuclockid", 1, 1, |vm, a, _| {
        let id = vm.c_long(&a[0])? as u64;
        if !crate::modules::thread::is_live(vm, id) {
            return Err(vm.os_error(libc::ESRCH, &[]));
        }
        let mut clock = 0;
        // SAFETY: a live thread of ours; it answers the error itself.
        let e = unsafe { libc::pthread_getcpuclockid(id as libc::pthread_t, &mut clock) };
        if e != 0 {
            return Err(vm.os_error(e, &[]));
        }
        Ok(Value::small(clock as i64))
    }),
    BuiltinDef::new("sleep", 1, 1, sleep),
    BuiltinDef::new("gmtime", 0, 1, |vm, a, _| {
        let t = seconds_arg(vm, a)?;
        Ok(gmtime(vm, t)?.value(vm))
    }),
    BuiltinDef::new("localtime", 0, 1, |vm, a, _| {
        let t = seconds_arg(vm, a)?;
        Ok(localtime(vm, t)?.value(vm))
    }),
    BuiltinDef::new("mktime", 1, 1, mktime),
    BuiltinDef::new("asctime", 0, 1, |vm, a, _| {
        let t = tuple_or_now(vm, a.first(), "asctime")?;
        Ok(asctime(vm, &t))
    }),
    BuiltinDef::new("ctime", 0, 1, |vm, a, _| {
        let t = seconds_arg(vm, a)?;
        let t = localtime(vm, t)?;
        Ok(asctime(vm, &t))
    }),
    BuiltinDef::new("strftime", 1, 2, strftime),
    BuiltinDef::new("strptime", 1, 2, |vm, a, _| {
        let module = vm.import_module("_strptime")?;
        vm.call_method(&module, "_strptime_time", a)
    }),
    BuiltinDef::new("get_clock_info", 1, 1, get_clock_info),
    BuiltinDef::new("tzset", 0, 0, |vm, _, _| {
        let module = vm.import_module("time")?;
        set_zone(vm, &module)?;
        Ok(Value::NONE)
    }),
];

const NO_TIME: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

static STRUCT_TIME: StructSeq = StructSeq::new(
    "time.struct_time",
    &[
        "tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst",
        "tm_zone", "tm_gmtoff",
    ],
    9,
);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("time", FUNCTIONS);
    for pair in &CLOCKS {
        vm.add_functions(&m, pair);
    }
    for (name, id) in [
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
        ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
        ("CLOCK_TAI", libc::CLOCK_TAI),
    ] {
        vm.set_global(&m, name, Value::small(id as i64));
    }
    vm.set_global(&m, "_STRUCT_TM_ITEMS", Value::small(11));
    let class = vm.struct_class(&STRUCT_TIME);
    vm.set_global(&m, "struct_time", class);
    set_zone(vm, &m)?;
    Ok(m)
}

// ---- clocks
fn clock_id(vm: &mut Vm, v: &Value) -> R<libc::clockid_t> {
    if !crate::runtime::is_int(v) && !v.word().is_bool() {
        let got = vm.type_name(v);
        return vm.fail("TypeError", format!("clk_id should be integer, not {got}"));
    }
    vm.c_int(v)
}
fn read_clock(vm: &mut Vm, id: libc::clockid_t) -> R<libc::timespec> {
    let mut t = NO_TIME;
    vm.ok(sys!(libc::clock_gettime(id, &mut t)))?;
    Ok(t)
}
fn seconds(t: &libc::timespec) -> f64 {
    (t.tv_sec as i128 * 1_000_000_000 + t.tv_nsec as i128) as f64 / 1e9
}
fn nanoseconds(vm: &mut Vm, t: &libc::timespec) -> Value {
    match t.tv_sec.checked_mul(1_000_000_000).and_then(|n| n.checked_add(t.tv_nsec)) {
        Some(n) => vm.int(n),
        None => vm.big(num_bigint::BigInt::from(t.tv_sec) * 1_000_000_000 + t.tv_nsec),
    }
}
fn get_clock_info(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(name) = args[0].get::<Str>() else {
        let got = vm.type_name(&args[0]);
        return vm.fail("TypeError", format!("get_clock_info() argument 1 must be str, not {got}"));
    };
    let (id, clock, adjustable) = match name.to_str() {
        Some("time") => (libc::CLOCK_REALTIME, "CLOCK_REALTIME", true),
        Some("monotonic" | "perf_counter") => (libc::CLOCK_MONOTONIC, "CLOCK_MONOTONIC", false),
        Some("process_time") => (libc::CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID", false),
        Some("thread_time") => (libc::CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID", false),
        _ => return vm.fail("ValueError", "unknown clock"),
    };
    let mut t = NO_TIME;
    vm.ok(sys!(libc::clock_getres(id, &mut t)))?;
    let implementation = vm.string(format!("clock_gettime({clock})"));
    let entries = [
        ("implementation", implementation),
        ("monotonic", Value::bool(!adjustable)),
        ("adjustable", Value::bool(adjustable)),
        ("resolution", Value::float(seconds(&t))),
    ];
    let d = vm.dict();
    for (name, v) in entries {
        let key = vm.intern(name);
        d.as_::<crate::object::Dict>().set_str(vm, &key, v);
    }
    Ok(crate::object::Namespace::new(&vm.types.namespace, d))
}

/// Seconds as an int or float; `None`: below zero.
pub(crate) fn duration(vm: &mut Vm, v: &Value) -> R<Option<Duration>> {
    let f = match Num::of(v) {
        Some(n) => vm.float_of(n)?,
        None => {
            let class = vm.type_of(v).clone();
            if vm.get_attr_str_opt(&class, "__index__")?.is_none() && vm.get_attr_str_opt(&class, "__float__")?.is_none() {
                let got = vm.type_name(v);
                return vm
                    .fail("TypeError", format!("'{got}' object cannot be interpreted as an integer or float"));
            }
            vm.float_argument(v)?
        }
    };
    if f.is_nan() {
        return vm.fail("ValueError", "Invalid value NaN (not a number)");
    }
    if f < 0.0 {
        return Ok(None);
    }
    // CPython's time is 64 bits of nanoseconds.
    match Duration::try_from_secs_f64(f).ok().filter(|d| d.as_nanos() < i64::MAX as u128) {
        Some(d) => Ok(Some(d)),
        None => vm.fail("OverflowError", "timestamp out of range for C PyTime_t"),
    }
}
fn sleep(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(d) = duration(vm, &args[0])? else {
        return vm.fail("ValueError", "sleep length must be non-negative");
    };
    vm.audit("time.sleep", |_| vec![args[0].clone()])?;
    let end = Instant::now() + d;
    let r = vm.blocking(|| {
        let left = end.saturating_duration_since(Instant::now());
        let left = libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos() as i64 };
        // SAFETY: it answers the error itself.
        match unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &left, std::ptr::null_mut()) } {
            0 => Ok(0),
            e => Err(e),
        }
    })?;
    vm.none(r)
}

// ---- broken-down time
/// Python's numbers: months and days of the year from 1, years as they are.
struct Tm {
    fields: [i64; 9],
    zone: Option<Vec<u8>>,
    offset: Option<i64>,
}

impl Tm {
    fn of(t: &libc::tm) -> Tm {
        let zone = match t.tm_zone.is_null() {
            true => vec![],
            // SAFETY: a C string of the C library's zone data.
            false => unsafe { CStr::from_ptr(t.tm_zone) }.to_bytes().to_vec(),
        };
        Tm {
            fields: [
                t.tm_year as i64 + 1900,
                t.tm_mon as i64 + 1,
                t.tm_mday as i64,
                t.tm_hour as i64,
                t.tm_min as i64,
                t.tm_sec as i64,
                (t.tm_wday as i64 + 6) % 7,
                t.tm_yday as i64 + 1,
                t.tm_isdst as i64,
            ],
            zone: Some(zone),
            offset: Some(t.tm_gmtoff),
        }
    }
    fn value(self, vm: &mut Vm) -> Value {
        let mut v: Vec<Value> = self.fields.iter().map(|&n| Value::small(n)).collect();
        v.push(match &self.zone {
            Some(z) => vm.fs_decode(z),
            None => Value::NONE,
        });
        v.push(self.offset.map_or(Value::NONE, Value::small));
        vm.struct_seq(&STRUCT_TIME, v)
    }
    /// `zone`: where its text is kept alive.
    fn c(&self, zone: &mut Option<CString>) -> libc::tm {
        let f = self.fields;
        // SAFETY: all zeroes is a valid tm.
        let mut t: libc::tm = unsafe { std::mem::zeroed() };
        t.tm_year = (f[0] - 1900) as c_int;
        t.tm_mon = (f[1] - 1) as c_int;
        t.tm_mday = f[2] as c_int;
        t.tm_hour = f[3] as c_int;
        t.tm_min = f[4] as c_int;
        t.tm_sec = f[5] as c_int;
        t.tm_wday = ((f[6] + 1).rem_euclid(7)) as c_int;
        t.tm_yday = (f[7] - 1) as c_int;
        t.tm_isdst = f[8] as c_int;
        t.tm_gmtoff = self.offset.unwrap_or(0);
        *zone = self.zone.as_ref().and_then(|z| CString::new(z.clone()).ok());
        t.tm_zone = zone.as_ref().map_or(std::ptr::null(), |z| z.as_ptr());
        t
    }
}

fn seconds_arg(vm: &mut Vm, args: &[Value]) -> R<i64> {
    match args.first() {
        Some(v) if !v.is_none() => Ok(super::posix::time_spec(vm, v)?.tv_sec),
        _ => Ok(read_clock(vm, libc::CLOCK_REALTIME)?.tv_sec),
    }
}
fn gmtime(vm: &mut Vm, t: i64) -> R<Tm> {
    // SAFETY: all zeroes is a valid tm; null means failure.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    if unsafe { libc::gmtime_r(&t, &mut tm) }.is_null() {
        return Err(vm.os_error(errno(), &[]));
    }
    let mut tm = Tm::of(&tm);
    tm.zone = Some(b"UTC".to_vec());
    if cfg!(target_env = "gnu") {
        tm.zone = Some(b"GMT".to_vec());
    }
    Ok(tm)
}
fn localtime(vm: &mut Vm, t: i64) -> R<Tm> {
    // SAFETY: as in `gmtime`.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    if unsafe { libc::localtime_r(&t, &mut tm) }.is_null() {
        return Err(vm.os_error(errno(), &[]));
    }
    Ok(Tm::of(&tm))
}
/// A time tuple, without a check of its fields.
fn time_tuple(vm: &mut Vm, v: &Value, who: &str) -> R<Tm> {
    let class = vm.struct_class(&STRUCT_TIME);
    let Some(t) = v.get::<Tuple>() else {
        return vm.fail("TypeError", "Tuple or struct_time argument required");
    };
    let items = t.as_slice();
    if items.len() != 9 {
        return vm.fail("TypeError", format!("{who}(): illegal time tuple argument"));
    }
    let mut fields = [0; 9];
    for (slot, v) in fields.iter_mut().zip(items) {
        *slot = vm.c_int(v)? as i64;
    }
    if fields[0] - 1900 < c_int::MIN as i64 {
        return vm.fail("OverflowError", "year out of range");
    }
    let (mut zone, mut offset) = (None, None);
    if vm.is_instance(v, &class) {
        let z = vm.get_attr_str(v, "tm_zone")?;
        if let Some(z) = z.get::<Str>() {
            zone = Some(vm.fs_encode(z)?);
        }
        let o = vm.get_attr_str(v, "tm_gmtoff")?;
        if !o.is_none() {
            offset = Some(vm.c_long(&o)?);
        }
    }
    Ok(Tm { fields, zone, offset })
}
/// The fields are in range; zero months and days are the first.
fn check(vm: &mut Vm, t: &mut Tm) -> R {
    let f = &mut t.fields;
    for i in [1, 2, 7] {
        if f[i] == 0 {
            f[i] = 1;
        }
    }
    let wrong = match () {
        _ if !(1..=12).contains(&f[1]) => "month out of range",
        _ if !(1..=31).contains(&f[2]) => "day of month out of range",
        _ if !(0..=23).contains(&f[3]) => "hour out of range",
        _ if !(0..=59).contains(&f[4]) => "minute out of range",
        _ if !(0..=61).contains(&f[5]) => "seconds out of range",
        _ if f[6] < -1 => "day of week out of range",
        _ if !(1..=366).contains(&f[7]) => "day of year out of range",
        _ => return Ok(()),
    };
    vm.fail("ValueError", wrong)
}
fn tuple_or_now(vm: &mut Vm, v: Option<&Value>, who: &str) -> R<Tm> {
    match v {
        Some(v) => {
            let mut t = time_tuple(vm, v, who)?;
            check(vm, &mut t)?;
            Ok(t)
        }
        None => {
            let now = read_clock(vm, libc::CLOCK_REALTIME)?.tv_sec;
            localtime(vm, now)
        }
    }
}
fn mktime(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = time_tuple(vm, &args[0], "mktime")?;
    let mut zone = None;
    let mut c = t.c(&mut zone);
    // What tells an error from the second before 1970.
    c.tm_wday = -1;
    // SAFETY: a tm of ours.
    let r = unsafe { libc::mktime(&mut c) };
    if r == -1 && c.tm_wday == -1 {
        return vm.fail("OverflowError", "mktime argument out of range");
    }
    Ok(Value::float(r as f64))
}
fn asctime(vm: &mut Vm, t: &Tm) -> Value {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let f = t.fields;
    let (day, month) = (DAYS[f[6].rem_euclid(7) as usize], MONTHS[(f[1] - 1).rem_euclid(12) as usize]);
    vm.string(format!("{day} {month} {:>2} {:02}:{:02}:{:02} {}", f[2], f[3], f[4], f[5], f[0]))
}
fn strftime(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(format) = args[0].get::<Str>() else {
        let got = vm.type_name(&args[0]);
        return vm.fail("TypeError", format!("strftime() argument 1 must be str, not {got}"));
    };
    let t = tuple_or_now(vm, args.get(1), "strftime")?;
    let mut zone = None;
    let mut c = t.c(&mut zone);
    c.tm_isdst = c.tm_isdst.clamp(-1, 1);
    // WTF-8, so that lone surrogates pass; NULs part the format.
    let mut out: Vec<u8> = vec![];
    for (i, part) in format.bytes().split(|&b| b == 0).enumerate() {
        if i > 0 {
            out.push(0);
        }
        if part.is_empty() {
            continue;
        }
        let Ok(text) = CString::new(part) else { continue };
        let mut size = 1024;
        loop {
            let mut b = vec![0u8; size];
            // SAFETY: a buffer with its size, a C string, a tm of ours.
            let n = unsafe { libc::strftime(b.as_mut_ptr().cast(), size, text.as_ptr(), &c) };
            // 0 may also be an empty text: that of a format of so many bytes.
            if n > 0 || size >= 256 * part.len() + 1024 {
                out.extend_from_slice(&b[..n]);
                break;
            }
            size *= 4;
        }
    }
    Ok(match rustpython_wtf8::Wtf8Buf::from_bytes(out) {
        Ok(s) => vm.wtf8_buf(s),
        Err(b) => vm.fs_decode(&b),
    })
}

/// `timezone`, `altzone`, `daylight`, `tzname`: from the offsets of January and July of this year.
fn set_zone(vm: &mut Vm, m: &Value) -> R {
    unsafe extern "C" {
        fn tzset();
    }
    // SAFETY: reads the environment; ours is changed under the GIL only.
    unsafe { tzset() };
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let now = read_clock(vm, libc::CLOCK_REALTIME)?.tv_sec;
    let start = now / YEAR * YEAR;
    let (january, july) = (localtime(vm, start)?, localtime(vm, start + YEAR / 2)?);
    let west = |t: &Tm| -t.offset.unwrap_or(0);
    let (a, b) = (west(&january), west(&july));
    let name = |t: &Tm| t.zone.clone().unwrap_or_default();
    // In the southern half summer is in January.
    let (standard, summer, names) = if a < b {
        (b, a, [name(&july), name(&january)])
    } else {
        (a, b, [name(&january), name(&july)])
    };
    let names = names.iter().map(|n| vm.fs_decode(n)).collect();
    let names = vm.tuple(names);
    vm.set_global(m, "timezone", Value::small(standard));
    vm.set_global(m, "altzone", Value::small(summer));
    vm.set_global(m, "daylight", Value::small((a != b) as i64));
    vm.set_global(m, "tzname", names);
    Ok(())
}
