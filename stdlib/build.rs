//! Packs the library: see `src/lib.rs`.
//!
//! Written: `library.bin`, the blobs one after another, and `index.rs`, the table of them sorted by path.

#[path = "build/marshal.rs"]
mod marshal;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Left out: what needs Tk, what installs software, tests.
const WITHOUT: &[&str] = &["idlelib", "turtledemo", "tkinter", "turtle.py", "ensurepip", "test", "README.md"];

/// Our own part: the finder and loader of what is packed here.
const OWN: &str = "_embedded.py";
/// `sysconfig`'s data, under the name that it looks for on each architecture.
const BUILD_DATA: &str = "_sysconfigdata.py";
const BUILD_DATA_NAMES: &[&str] =
    &["_sysconfigdata__linux_aarch64-linux-gnu.py", "_sysconfigdata__linux_x86_64-linux-gnu.py"];

/// Modules that CPython freezes: tracebacks name them so, and `importlib` is recognised by it.
const FROZEN: &[&str] = &[
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "zipimport",
    "abc",
    "codecs",
    "io",
    "_collections_abc",
    "_sitebuiltins",
    "genericpath",
    "ntpath",
    "posixpath",
    "os",
    "site",
    "stat",
    "importlib.util",
    "importlib.machinery",
    "runpy",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed={OWN}");
    println!("cargo:rerun-if-changed={BUILD_DATA}");
    println!("cargo:rerun-if-env-changed=SERIEMA_LIB");
    let lib = match env::var_os("SERIEMA_LIB") {
        Some(folder) => {
            println!("cargo:rerun-if-changed={}", Path::new(&folder).display());
            PathBuf::from(folder)
        }
        None => PathBuf::from(rustpython_pylib::LIB_PATH),
    };
    let mut files = vec![];
    collect(&lib, "", &mut files);
    files.push(OWN.to_owned());
    files.extend(BUILD_DATA_NAMES.iter().map(|n| (*n).to_owned()));
    files.sort();
    assert!(files.iter().any(|f| f == "os.py"), "no Python library in {}", lib.display());
    let parts = in_parallel(&lib, &files);

    let (mut blob, mut index) = (vec![], String::from("static INDEX: &[Packed] = &[\n"));
    for (path, packed) in files.iter().zip(parts) {
        let mut put = |bytes: &[u8]| {
            let from = blob.len();
            blob.extend_from_slice(bytes);
            (from, blob.len())
        };
        let (text, code) = (put(&packed.text), put(&packed.code));
        let size = packed.size;
        writeln!(index, "Packed {{ path: {path:?}, text: {text:?}, size: {size}, code: {code:?} }},")
            .unwrap();
    }
    index.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(out.join("library.bin"), blob).unwrap();
    fs::write(out.join("index.rs"), index).unwrap();
}

/// The files of a folder, with paths relative to the library.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if WITHOUT.contains(&name.as_str()) || matches!(&*name, "__pycache__" | "tests") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if ![".pyc", ".whl", ".so"].iter().any(|end| name.ends_with(end)) {
            files.push(path);
        }
    }
}

#[derive(Default)]
struct Packed {
    text: Vec<u8>,
    size: usize,
    code: Vec<u8>,
}

fn in_parallel(lib: &Path, files: &[String]) -> Vec<Packed> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = vec![];
        loop {
            let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(path) = files.get(i) else { return done };
            done.push((i, pack(lib, path)));
        }
    };
    let mut out: Vec<Packed> = files.iter().map(|_| Packed::default()).collect();
    std::thread::scope(|s| {
        // The compiler recurses deeply over large expressions.
        let spawn = |_| std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(s, work).unwrap();
        let workers: Vec<_> = (0..threads).map(spawn).collect();
        for (i, packed) in workers.into_iter().flat_map(|w| w.join().unwrap()) {
            out[i] = packed;
        }
    });
    out
}

fn pack(lib: &Path, path: &str) -> Packed {
    let file = match path {
        OWN => PathBuf::from(OWN),
        _ if BUILD_DATA_NAMES.contains(&path) => PathBuf::from(BUILD_DATA),
        _ => lib.join(path),
    };
    let bytes = fs::read(file).unwrap();
    let code = match path.strip_suffix(".py") {
        Some(stem) => compile(stem, path, &bytes).unwrap_or_default(),
        None => vec![],
    };
    Packed { text: miniz_oxide::deflate::compress_to_vec(&bytes, 7), size: bytes.len(), code }
}

fn compile(stem: &str, path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let source = std::str::from_utf8(bytes).ok()?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let module = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
    let name = if path == OWN {
        // Tracebacks leave importlib's frames out; this is a part of it.
        "<frozen importlib._bootstrap_external>".to_owned()
    } else if FROZEN.contains(&&*module) {
        format!("<frozen {module}>")
    } else {
        format!("<embedded>/{path}")
    };
    let options = rustpython_compiler::CompileOpts::default();
    match rustpython_compiler::compile(source, rustpython_compiler::Mode::Exec, &name, options) {
        Ok(code) => Some(marshal::dumps(&code)),
        Err(e) => {
            println!("cargo:warning={path} is packed without code: {e}");
            None
        }
    }
}
