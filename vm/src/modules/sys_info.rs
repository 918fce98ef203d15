//! What `sys` says about the interpreter: versions, limits, paths, flags.

use crate::object::{Dict, Namespace};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;

/// The version of Python whose language and library this is.
pub const VERSION: (i64, i64, i64) = (3, 14, 10);
const HEX_VERSION: i64 = VERSION.0 << 24 | VERSION.1 << 16 | VERSION.2 << 8 | 0xf0;

type Fields = Vec<(&'static str, Value)>;

/// Fills the module. Its functions, streams and `modules` are made in `sys.rs`.
pub fn fill(vm: &mut Vm, sys: &Value) {
    for (name, v) in numbers(vm).into_iter().chain(texts(vm)).chain(importing(vm)).chain(records(vm)) {
        vm.set_global(sys, name, v);
    }
}

fn strs(vm: &mut Vm, items: &[String]) -> Value {
    let items = items.iter().map(|s| vm.str(s)).collect();
    vm.list(items)
}

fn numbers(vm: &mut Vm) -> Fields {
    vec![
        ("maxsize", vm.int(i64::MAX)),
        ("maxunicode", Value::small(0x10ffff)),
        ("hexversion", Value::small(HEX_VERSION)),
        ("api_version", Value::small(1013)),
        ("dont_write_bytecode", Value::bool(vm.options.dont_write_bytecode)),
    ]
}

fn texts(vm: &mut Vm) -> Fields {
    let byteorder = if cfg!(target_endian = "little") { "little" } else { "big" };
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let (major, minor, micro) = VERSION;
    let version = format!("{major}.{minor}.{micro} (Seriema {})", env!("CARGO_PKG_VERSION"));
    let copyright = "Copyright (c) the authors of Seriema.\nAll Rights Reserved.\n\n\
                     The standard library: Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.";
    let executable = vm.options.executable.clone();
    let prefix = prefix_of(&executable);
    let mut fields = vec![
        ("byteorder", vm.intern(byteorder)),
        ("platform", vm.intern(platform)),
        ("version", vm.string(version)),
        ("copyright", vm.str(copyright)),
        ("float_repr_style", vm.intern("short")),
        ("abiflags", vm.intern("")),
        ("platlibdir", vm.intern("lib")),
        ("_framework", vm.intern("")),
        ("executable", vm.str(&executable)),
        ("_base_executable", vm.str(&executable)),
    ];
    for name in ["prefix", "exec_prefix", "base_prefix", "base_exec_prefix"] {
        fields.push((name, vm.str(&prefix)));
    }
    let git = ["Seriema", "", ""].map(|s| vm.intern(s));
    fields.push(("_git", vm.tuple(git.to_vec())));
    fields
}

/// The folder above the one that the command lies in.
fn prefix_of(executable: &str) -> String {
    let folder = std::path::Path::new(executable).parent().and_then(|p| p.parent());
    folder.map_or(String::new(), |p| p.to_string_lossy().into_owned())
}

fn importing(vm: &mut Vm) -> Fields {
    let o = &vm.options;
    let (argv, orig, warn, x) =
        (o.argv.clone(), o.orig_argv.clone(), o.warn_options.clone(), o.x_options.clone());
    let stdlib = match (&o.lib_dir, o.library) {
        (Some(dir), _) => Some(dir.clone()),
        (None, Some(_)) => Some(crate::import::library::ROOT.to_owned()),
        (None, None) => None,
    };
    let mut native: Vec<&str> = super::NATIVE.iter().map(|(n, _)| *n).chain(["builtins", "sys"]).collect();
    native.sort_unstable();
    let native: Vec<Value> = native.into_iter().map(|n| vm.intern(n)).collect();
    let names: Vec<Value> = STDLIB_NAMES.split_whitespace().map(|n| vm.intern(n)).collect();
    let x_options = vm.dict();
    for option in &x {
        let (name, v) = match option.split_once('=') {
            Some((n, v)) => (n, vm.str(v)),
            None => (&**option, Value::TRUE),
        };
        let name = vm.str(name);
        x_options.as_::<Dict>().set_str(vm, &name, v);
    }
    vec![
        ("argv", strs(vm, &argv)),
        ("orig_argv", strs(vm, &orig)),
        ("warnoptions", strs(vm, &warn)),
        ("_xoptions", x_options),
        ("path", vm.list(vec![])),
        ("meta_path", vm.list(vec![])),
        ("path_hooks", vm.list(vec![])),
        ("path_importer_cache", vm.dict()),
        ("pycache_prefix", Value::NONE),
        ("_stdlib_dir", stdlib.map_or(Value::NONE, |s| vm.str(&s))),
        ("builtin_module_names", vm.tuple(native)),
        ("stdlib_module_names", vm.frozenset(&names).unwrap_or(Value::NONE)),
    ]
}

fn record(vm: &mut Vm, fields: Fields) -> Value {
    let d = vm.dict();
    for (name, v) in fields {
        let key = vm.intern(name);
        d.as_::<Dict>().set_str(vm, &key, v);
    }
    Namespace::new(&vm.types.namespace, d)
}

fn records(vm: &mut Vm) -> Fields {
    let n = Value::small;
    let version = [n(VERSION.0), n(VERSION.1), n(VERSION.2), vm.intern("final"), n(0)];
    let version = vm.struct_seq(&VERSION_INFO, version.to_vec());
    let implementation = vec![
        ("name", vm.intern("seriema")),
        ("cache_tag", vm.intern("seriema-314")),
        ("version", version.clone()),
        ("hexversion", n(HEX_VERSION)),
        ("_multiarch", vm.intern(concat_arch())),
        ("supports_isolated_interpreters", Value::FALSE),
    ];
    let float = |i: i32| n(i as i64);
    let float_info = vec![
        ("max", Value::float(f64::MAX)),
        ("max_exp", float(f64::MAX_EXP)),
        ("max_10_exp", float(f64::MAX_10_EXP)),
        ("min", Value::float(f64::MIN_POSITIVE)),
        ("min_exp", float(f64::MIN_EXP)),
        ("min_10_exp", float(f64::MIN_10_EXP)),
        ("dig", float(f64::DIGITS as i32)),
        ("mant_dig", float(f64::MANTISSA_DIGITS as i32)),
        ("epsilon", Value::float(f64::EPSILON)),
        ("radix", n(2)),
        ("rounds", n(1)),
    ];
    let int_info = vec![
        ("bits_per_digit", n(30)),
        ("sizeof_digit", n(4)),
        ("default_max_str_digits", n(4300)),
        ("str_digits_check_threshold", n(640)),
    ];
    let hash_info = vec![
        ("width", n(64)),
        ("modulus", vm.int((1 << 61) - 1)),
        ("inf", n(314159)),
        ("nan", n(0)),
        ("imag", n(1000003)),
        ("algorithm", vm.intern("siphash13")),
        ("hash_bits", n(64)),
        ("seed_bits", n(128)),
        ("cutoff", n(0)),
    ];
    let thread_info =
        vec![("name", vm.intern("pthread")), ("lock", vm.intern("semaphore")), ("version", Value::NONE)];
    let flags = flags(vm);
    vec![
        ("implementation", record(vm, implementation)),
        ("float_info", values(vm, &FLOAT_INFO, float_info)),
        ("int_info", values(vm, &INT_INFO, int_info)),
        ("hash_info", values(vm, &HASH_INFO, hash_info)),
        ("thread_info", values(vm, &THREAD_INFO, thread_info)),
        ("flags", values(vm, &FLAGS, flags)),
        ("version_info", version),
    ]
}

/// A structure sequence with these fields, which are in its order.
fn values(vm: &mut Vm, def: &'static StructSeq, fields: Fields) -> Value {
    debug_assert!(fields.iter().map(|(n, _)| *n).eq(def.fields.iter().copied()));
    let fields = fields.into_iter().map(|(_, v)| v).collect();
    vm.struct_seq(def, fields)
}

static VERSION_INFO: StructSeq =
    StructSeq::new("sys.version_info", &["major", "minor", "micro", "releaselevel", "serial"], 5).closed();
static FLOAT_INFO: StructSeq = StructSeq::new(
    "sys.float_info",
    &[
        "max",
        "max_exp",
        "max_10_exp",
        "min",
        "min_exp",
        "min_10_exp",
        "dig",
        "mant_dig",
        "epsilon",
        "radix",
        "rounds",
    ],
    11,
);
static INT_INFO: StructSeq = StructSeq::new(
    "sys.int_info",
    &["bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold"],
    4,
);
static HASH_INFO: StructSeq = StructSeq::new(
    "sys.hash_info",
    &["width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff"],
    9,
);
static THREAD_INFO: StructSeq = StructSeq::new("sys.thread_info", &["name", "lock", "version"], 3);
static FLAGS: StructSeq = StructSeq::new(
    "sys.flags",
    &[
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
        "hash_randomization",
        "isolated",
        "dev_mode",
        "utf8_mode",
        "warn_default_encoding",
        "safe_path",
        "int_max_str_digits",
        "gil",
        "thread_inherit_context",
        "context_aware_warnings",
    ],
    18,
)
.closed();

fn concat_arch() -> &'static str {
    match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") => "x86_64-linux-gnu",
        ("aarch64", "linux") => "aarch64-linux-gnu",
        (_, "macos") => "darwin",
        (arch, _) => arch,
    }
}

fn flags(vm: &mut Vm) -> Fields {
    let o = &vm.options;
    let bit = |b: bool| Value::small(b as i64);
    vec![
        ("debug", bit(false)),
        ("inspect", bit(false)),
        ("interactive", bit(false)),
        ("optimize", Value::small(o.optimize as i64)),
        ("dont_write_bytecode", bit(o.dont_write_bytecode)),
        ("no_user_site", bit(o.no_user_site || o.isolated)),
        ("no_site", bit(o.no_site)),
        ("ignore_environment", bit(o.ignore_environment || o.isolated)),
        ("verbose", bit(false)),
        ("bytes_warning", bit(false)),
        ("quiet", bit(false)),
        ("hash_randomization", bit(true)),
        ("isolated", bit(o.isolated)),
        ("dev_mode", Value::FALSE),
        ("utf8_mode", bit(false)),
        ("warn_default_encoding", bit(false)),
        ("safe_path", Value::bool(o.safe_path || o.isolated)),
        ("int_max_str_digits", Value::small(4300)),
        ("gil", bit(true)),
        ("thread_inherit_context", bit(false)),
        ("context_aware_warnings", bit(false)),
    ]
}

/// Names of the standard library's modules, those of other platforms and implementations included.
pub const STDLIB_NAMES: &str = "\
    __future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect \
     _blake2 _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw \
     _collections _collections_abc _colorize _compat_pickle _contextvars _csv _ctypes _curses \
     _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib _frozen_importlib_external \
     _functools _gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io \
     _ios_support _json _locale _lsprof _lzma _markupbase _md5 _multibytecodec _multiprocessing _opcode \
     _opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc \
     _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy \
     _sha1 _sha2 _sha3 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string \
     _strptime _struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter _tokenize \
     _tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd abc \
     annotationlib antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 \
     cProfile calendar cmath cmd code codecs codeop collections colorsys compileall compression \
     concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime \
     dbm decimal difflib dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp \
     fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp \
     gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress itertools json \
     keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder msvcrt \
     multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle \
     pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd \
     py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource \
     rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket \
     socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep \
     struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap this \
     threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle \
     turtledemo types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser \
     winreg winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";
