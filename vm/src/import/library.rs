//! The Python part of the standard library, as whoever makes the VM provides it.

/// Where the library's files come from. Paths are relative to the Lib folder, with `/`.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    pub has: fn(&str) -> bool,
    /// The marshalled code of a `.py` file.
    pub code: fn(&str) -> Option<&'static [u8]>,
    /// The bytes of a file.
    pub data: fn(&str) -> Option<Vec<u8>>,
    /// The paths of all files that begin so, sorted.
    pub paths: fn(&str) -> Vec<&'static str>,
}

/// The path entry that stands for the library in the binary.
pub const ROOT: &str = "<embedded>";

/// Names of frozen modules, and where their code is. The first three import everything else, so they are
/// always the binary's own; the others give way to a library outside.
const FROZEN: &[(&str, &str)] = &[
    ("_frozen_importlib", "importlib/_bootstrap.py"),
    ("_frozen_importlib_external", "importlib/_bootstrap_external.py"),
    ("_embedded", "_embedded.py"),
    ("zipimport", "zipimport.py"),
    ("abc", "abc.py"),
    ("codecs", "codecs.py"),
    ("io", "io.py"),
    ("_collections_abc", "_collections_abc.py"),
    ("_sitebuiltins", "_sitebuiltins.py"),
    ("genericpath", "genericpath.py"),
    ("ntpath", "ntpath.py"),
    ("posixpath", "posixpath.py"),
    ("os", "os.py"),
    ("site", "site.py"),
    ("stat", "stat.py"),
    ("importlib.util", "importlib/util.py"),
    ("importlib.machinery", "importlib/machinery.py"),
    ("runpy", "runpy.py"),
    ("importlib._bootstrap", "importlib/_bootstrap.py"),
    ("importlib._bootstrap_external", "importlib/_bootstrap_external.py"),
];

/// The names of the frozen modules. `outside`: there is a library outside.
pub fn frozen_names(outside: bool) -> impl Iterator<Item = &'static str> {
    FROZEN.iter().take(if outside { 3 } else { FROZEN.len() }).map(|(n, _)| *n)
}
/// Where a frozen module's code is.
pub fn frozen_path(name: &str, outside: bool) -> Option<&'static str> {
    let n = if outside { 3 } else { FROZEN.len() };
    FROZEN[..n].iter().find(|(m, _)| *m == name).map(|(_, path)| *path)
}
