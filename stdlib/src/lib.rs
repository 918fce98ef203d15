//! The Python part of the standard library, in the binary's read-only data.
//!
//! `build.rs` packs a Lib folder (that of the crate `rustpython-pylib`, or the one that the environment
//! variable `SERIEMA_LIB` names at build time): of each module the marshalled code, as CPython's `marshal`
//! would write it, and the compressed source. Nothing is decoded before it is asked for: a start touches only
//! the pages of the modules it imports.
//!
//! Paths are relative to the Lib folder, with `/`: `os.py`, `json/__init__.py`, `pydoc_data/_pydoc.css`.

/// One file of the library.
struct Packed {
    path: &'static str,
    /// Deflated text: where it begins and ends.
    text: (u32, u32),
    /// Its length once inflated.
    size: u32,
    /// Marshalled code: where it begins and ends. Empty: data, or a module that did not compile.
    code: (u32, u32),
}

include!(concat!(env!("OUT_DIR"), "/index.rs"));

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

fn slice(range: (u32, u32)) -> &'static [u8] {
    BLOB.get(range.0 as usize..range.1 as usize).unwrap_or_default()
}

fn find(path: &str) -> Option<&'static Packed> {
    INDEX.binary_search_by(|p| p.path.cmp(path)).ok().map(|i| &INDEX[i])
}

/// The marshalled code of a `.py` file.
pub fn code(path: &str) -> Option<&'static [u8]> {
    find(path).map(|p| slice(p.code)).filter(|c| !c.is_empty())
}

/// Is there such a file?
pub fn has(path: &str) -> bool {
    find(path).is_some()
}

/// The bytes of a file.
pub fn data(path: &str) -> Option<Vec<u8>> {
    let p = find(path)?;
    miniz_oxide::inflate::decompress_to_vec_with_limit(slice(p.text), p.size as usize).ok()
}

/// The paths of all files that begin with `prefix`, sorted.
pub fn paths(prefix: &str) -> impl Iterator<Item = &'static str> {
    let from = INDEX.partition_point(|p| p.path < prefix);
    INDEX[from..].iter().map(|p| p.path).take_while(move |p| p.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_modules() {
        let text = super::data("json/__init__.py").unwrap();
        assert!(String::from_utf8(text).unwrap().contains("def dumps"));
        assert_eq!(super::code("json/__init__.py").unwrap()[0] & 0x7f, b'c');
        assert!(super::data("json").is_none());
        assert!(super::paths("json/").any(|p| p == "json/decoder.py"));
        assert!(super::paths("json/").all(|p| p.starts_with("json/")));
    }

    /// Importing is built on these.
    #[test]
    fn importlib_is_compiled() {
        for path in ["importlib/_bootstrap.py", "importlib/_bootstrap_external.py", "zipimport.py", "os.py"] {
            assert!(super::code(path).is_some(), "{path}");
        }
    }
}
