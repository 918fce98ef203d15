//! The start of `importlib`, when a VM is made.

use super::library::{ROOT, frozen_path};
use crate::error::R;
use crate::object::{Dict, Kw, Module};
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// The code of a frozen module.
    pub(crate) fn frozen_code(&mut self, name: &str) -> R<Option<Value>> {
        let outside = self.options.lib_dir.is_some();
        match frozen_path(name, outside) {
            Some(path) => self.library_code(path),
            None => Ok(None),
        }
    }
    /// The code of a file of the library in the binary.
    pub(crate) fn library_code(&mut self, path: &str) -> R<Option<Value>> {
        let Some(library) = self.options.library else { return Ok(None) };
        let Some(bytes) = (library.code)(path) else { return Ok(None) };
        self.unmarshal(bytes, true, true).map(|(code, _)| Some(code))
    }

    /// Makes `importlib` ready, if there is a library.
    pub fn start_import(&mut self) -> R {
        self.set_path()?;
        let name = "_frozen_importlib";
        let Some(code) = self.frozen_code(name)? else { return Ok(()) };
        let importlib = self.module(name);
        self.set_imported(name, importlib.clone());
        let globals = importlib.as_::<Module>().dict.clone();
        let (key, builtins) = (self.intern("__builtins__"), self.builtins.clone());
        globals.as_::<Dict>().set_str(self, &key, builtins);
        // importlib wants it where the interpreter itself began a frozen module.
        let original = self.intern("importlib._bootstrap");
        self.set_global(&importlib, "__origname__", original);
        self.exec_code(&code, &globals)?;
        let imp = self.load_native_now("_imp")?;
        let sys = self.sys_module.clone();
        self.call_of(&importlib, "_install", &[sys, imp])?;
        self.importlib = Some(importlib.clone());
        self.call_of(&importlib, "_install_external_importers", &[])?;
        // The path hooks of the library in the binary and of zip files.
        let embedded = self.import_module("_embedded")?;
        self.call_of(&embedded, "_install", &[])?;
        Ok(())
    }
    /// `__main__.__loader__`, for a script from a file or for code from elsewhere.
    pub fn set_main_loader(&mut self, file: Option<&Value>) -> R {
        let Some(importlib) = self.importlib.clone() else { return Ok(()) };
        let loader = match file {
            Some(file) => {
                let external = self.import_module("_frozen_importlib_external")?;
                let name = self.intern("__main__");
                self.call_of(&external, "SourceFileLoader", &[name, file.clone()])?
            }
            None => {
                let key = self.intern("BuiltinImporter");
                self.get_attr(&importlib, &key)?
            }
        };
        let main = self.main_module();
        self.set_global(&main, "__loader__", loader);
        self.set_global(&main, "__spec__", Value::NONE);
        Ok(())
    }
    fn load_native_now(&mut self, name: &str) -> R<Value> {
        match self.make_native_module(name)? {
            Some(m) => {
                self.set_imported(name, m.clone());
                Ok(m)
            }
            None => self.fail("ImportError", format!("no module {name}")),
        }
    }
    fn call_of(&mut self, module: &Value, name: &str, args: &[Value]) -> R<Value> {
        let key = self.intern(name);
        let f = self.get_attr(module, &key)?;
        self.call(&f, args, Kw::NONE)
    }

    /// `sys.path` before the script's folder is put in front.
    fn set_path(&mut self) -> R {
        let mut path: Vec<String> = self.options.python_path.clone();
        match (&self.options.lib_dir, self.options.library) {
            (Some(dir), _) => path.push(dir.clone()),
            (None, Some(_)) => path.push(ROOT.to_owned()),
            (None, None) => {}
        }
        let path: Vec<Value> = path.iter().map(|p| self.str(p)).collect();
        let (path, sys) = (self.list(path), self.sys_module.clone());
        self.set_global(&sys, "path", path);
        Ok(())
    }
}
