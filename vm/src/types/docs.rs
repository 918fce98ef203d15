//! A line of documentation for the functions and classes of `builtins`, and the signatures that
//! `inspect.signature` shows.

use crate::value::Value;
use crate::vm::Vm;

/// Name, `__text_signature__` (empty: none), doc.
static FUNCTIONS: &[(&str, &str, &str)] = &[
    ("abs", "($module, number, /)", "The absolute value of a number."),
    ("aiter", "($module, async_iterable, /)", "An asynchronous iterator over an asynchronous iterable."),
    ("all", "($module, iterable, /)", "Whether every item is true; True if there is none."),
    (
        "anext",
        "($module, aiterator, default=<unrepresentable>, /)",
        "The next item of an asynchronous iterator.",
    ),
    ("any", "($module, iterable, /)", "Whether some item is true; False if there is none."),
    ("ascii", "($module, obj, /)", "The repr of an object, in ASCII only."),
    ("bin", "($module, integer, /)", "The binary text of an integer."),
    ("breakpoint", "($module, /, *args, **kws)", "Calls sys.breakpointhook() with these arguments."),
    ("callable", "($module, obj, /)", "Whether the object can be called."),
    ("chr", "($module, i, /)", "The str of one character, by its code point."),
    (
        "compile",
        "($module, /, source, filename, mode, flags=0,\n        dont_inherit=False, optimize=-1, *, _feature_version=-1)",
        "Compiles source text or a syntax tree to a code object.",
    ),
    ("delattr", "($module, obj, name, /)", "Deletes an attribute."),
    ("dir", "", "The names of an object's attributes, or those in scope."),
    ("divmod", "($module, x, y, /)", "The tuple (x//y, x%y)."),
    ("eval", "($module, source, /, globals=None, locals=None)", "Evaluates an expression."),
    ("exec", "($module, source, /, globals=None, locals=None, *, closure=None)", "Executes statements."),
    ("format", "($module, value, format_spec='', /)", "value.__format__(format_spec)."),
    ("getattr", "", "An attribute of an object, by name; with a default if it has none."),
    ("globals", "($module, /)", "The dict of the current global variables."),
    ("hasattr", "($module, obj, name, /)", "Whether the object has an attribute of this name."),
    ("hash", "($module, obj, /)", "The hash of an object. Equal objects have equal hashes."),
    ("hex", "($module, integer, /)", "The hexadecimal text of an integer."),
    ("id", "($module, obj, /)", "A number that no other object has while this one lives."),
    ("input", "($module, prompt='', /)", "Reads a line from standard input, without its end."),
    (
        "isinstance",
        "($module, obj, class_or_tuple, /)",
        "Whether an object is an instance of a class or of one of several.",
    ),
    (
        "issubclass",
        "($module, cls, class_or_tuple, /)",
        "Whether a class derives from a class or from one of several.",
    ),
    (
        "iter",
        "",
        "An iterator over an iterable, or over what a callable returns until it returns the sentinel.",
    ),
    ("len", "($module, obj, /)", "The number of items in a container."),
    ("locals", "($module, /)", "A dict of the current local variables."),
    ("max", "", "The largest item of an iterable, or the largest argument."),
    ("min", "", "The smallest item of an iterable, or the smallest argument."),
    ("next", "", "The next item of an iterator; with a default at its end."),
    ("oct", "($module, integer, /)", "The octal text of an integer."),
    (
        "open",
        "($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, opener=None)",
        "Opens a file and returns a stream over it.",
    ),
    ("ord", "($module, c, /)", "The code point of one character."),
    ("pow", "($module, /, base, exp, mod=None)", "base**exp, or with three arguments base**exp % mod."),
    (
        "print",
        "($module, /, *args, sep=' ', end='\\n', file=None, flush=False)",
        "Prints values to a stream, sys.stdout by default.",
    ),
    ("repr", "($module, obj, /)", "The text that represents an object."),
    ("round", "($module, /, number, ndigits=None)", "A number rounded to this many decimal digits."),
    ("setattr", "($module, obj, name, value, /)", "Sets an attribute."),
    (
        "sorted",
        "($module, iterable, /, *, key=None, reverse=False)",
        "A new list of all items of an iterable, in ascending order.",
    ),
    ("sum", "($module, iterable, /, start=0)", "The sum of a start value and the items of an iterable."),
    ("vars", "", "The __dict__ of an object, or the local variables."),
    (
        "__import__",
        "($module, /, name, globals=None, locals=None, fromlist=(),\n           level=0)",
        "Imports a module.",
    ),
    ("__build_class__", "", "What the class statement calls."),
];

/// Class, `__text_signature__` (empty: none), doc.
static CLASSES: &[(&str, &str, &str)] = &[
    ("bool", "(object=False, /)", "True or False: the truth value of an object."),
    ("complex", "(real=0, imag=0)", "A complex number."),
    ("dict", "", "A mapping that keeps the order in which its keys came."),
    ("enumerate", "(iterable, start=0)", "Pairs of a count and an item."),
    ("filter", "(function, iterable, /)", "The items for which a function is true, or the true items."),
    ("float", "(x=0, /)", "A floating-point number."),
    ("frozenset", "", "A set that does not change."),
    ("int", "", "An integer of any size."),
    ("list", "(iterable=(), /)", "A sequence that can change."),
    (
        "map",
        "(function, iterable, /, *iterables, strict=False)",
        "What a function returns for each item of iterables.",
    ),
    ("object", "()", ""),
    ("range", "", "A sequence of integers in equal steps."),
    ("reversed", "(object, /)", "The items of a sequence from its end to its start."),
    ("set", "", "An unordered collection of unique items."),
    ("slice", "", "Start, stop and step, for extended slicing."),
    ("str", "", "Text: a sequence of Unicode characters."),
    ("tuple", "(iterable=(), /)", "A sequence that does not change."),
    ("zip", "(*iterables, strict=False)", "Tuples of one item of each iterable."),
];

/// Signature and doc of a function of `builtins`.
pub fn function(name: &str) -> Option<(&'static str, &'static str)> {
    FUNCTIONS.iter().find(|(n, ..)| *n == name).map(|(_, s, d)| (*s, *d))
}

/// Signature of a class of `builtins`.
pub fn class_signature(name: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(n, ..)| *n == name).map(|(_, s, _)| *s).filter(|s| !s.is_empty())
}

/// Gives the classes of `builtins` their docs.
pub fn init(vm: &mut Vm) {
    for (name, _, doc) in CLASSES {
        let class = vm.builtin(name);
        // (That of object would be everybody's.)
        if class.is_kind(crate::object::Kind::Type) && !doc.is_empty() {
            let doc: Value = vm.str(doc);
            vm.set_class_attribute(&class, "__doc__", doc);
        }
    }
    let (none, ellipsis, not) =
        (vm.types.none.clone(), vm.types.ellipsis.clone(), vm.types.not_implemented.clone());
    for (class, name) in [(none, "None"), (ellipsis, "Ellipsis"), (not, "NotImplemented")] {
        let doc = vm.string(format!("The type of the {name} singleton."));
        vm.set_class_attribute(&class, "__doc__", doc);
    }
    let bases = ["BaseExceptionGroup", "Exception"].map(|n| vm.types.exception(n).clone());
    let bases = vm.tuple(bases.to_vec());
    drop(vm.types.exception("ExceptionGroup").as_::<crate::object::Type>().bases.replace(bases));
    let exceptions: Vec<Value> = vm.types.exceptions().map(|(_, c)| c.clone()).collect();
    for class in exceptions {
        let name = class.as_::<crate::object::Type>().short_name();
        let doc = match name.strip_suffix("Warning") {
            Some("") => "Base class of all warnings.".to_owned(),
            Some(kind) => format!("A warning: {}.", words(kind)),
            None => format!("An exception: {}.", words(name.strip_suffix("Error").unwrap_or(&name))),
        };
        let doc = vm.string(doc);
        vm.set_class_attribute(&class, "__doc__", doc);
    }
}

/// `FileNotFound`: `file not found`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && out.ends_with(char::is_lowercase) {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}
