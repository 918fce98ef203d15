//! Python objects as the parser's tree, checked as CPython checks them.
//!
//! The compiler finds lines and columns by offsets into a source text. There is none here, so one is made up:
//! blank lines, each as long as the nodes on it need (see [`Canvas`]).

use super::Classes;
use super::grammar::PLACE;
use crate::error::R;
use crate::object::{Bytes, Kind, List, Str, Tuple, Type};
use crate::value::Value;
use crate::vm::Vm;
use ruff_source_file::{SourceFile, SourceFileBuilder};
use ruff_text_size::{TextRange, TextSize};
use rustpython_compiler::ast::{self, AtomicNodeIndex, Expr, Pattern, Stmt};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Blank text with room for every place.
struct Canvas {
    starts: Vec<usize>,
    text: String,
}

/// More text than this is not made up.
const MAX_CANVAS: usize = 1 << 28;

pub struct Read<'a> {
    vm: &'a mut Vm,
    classes: Rc<Classes>,
    canvas: Canvas,
}

/// The tree and its made-up source. `mode`: exec, eval or single.
pub fn tree(vm: &mut Vm, root: &Value, filename: &str, mode: &str) -> R<(ast::Mod, SourceFile)> {
    let classes = vm.node_classes()?;
    let expected = match mode {
        "eval" => "Expression",
        "single" => "Interactive",
        _ => "Module",
    };
    let name = classes.name_of(vm, root);
    if name != Some(expected) {
        let class = vm.type_of(root).as_::<Type>().short_name();
        return vm.fail("TypeError", format!("expected {expected} node, got {class}"));
    }
    let mut widths = BTreeMap::new();
    measure(vm, &classes, root, &mut widths)?;
    let rows = widths.last_key_value().map_or(1, |(r, _)| *r);
    let size = rows + widths.values().sum::<usize>();
    if rows > MAX_CANVAS || size > MAX_CANVAS {
        return vm.fail("OverflowError", "line or column number out of range");
    }
    let (mut starts, mut text) = (vec![], String::with_capacity(size));
    for row in 1..=rows {
        starts.push(text.len());
        text.extend(std::iter::repeat_n(' ', widths.get(&row).copied().unwrap_or(0)));
        text.push('\n');
    }
    let file = SourceFileBuilder::new(filename, text.as_str()).finish();
    let mut r = Read { vm, classes, canvas: Canvas { starts, text } };
    let range = TextRange::new(TextSize::from(0), TextSize::from(r.canvas.text.len() as u32));
    let node_index = AtomicNodeIndex::default();
    let tree = if mode == "eval" {
        let body = Box::new(r.expr_field(root, "body")?);
        ast::Mod::Expression(ast::ModExpression { node_index, range, body })
    } else {
        let body = r.body(root, "body", false)?;
        ast::Mod::Module(ast::ModModule { node_index, range, body: body.into(), runtime_body: None })
    };
    Ok((tree, file))
}

/// Collects the greatest column of each line.
fn measure(vm: &mut Vm, classes: &Classes, v: &Value, widths: &mut BTreeMap<usize, usize>) -> R {
    vm.guard_native_stack()?;
    if let Some(l) = v.get::<List>() {
        for item in l.as_slice().to_vec() {
            measure(vm, classes, &item, widths)?;
        }
        return Ok(());
    }
    let Some(name) = classes.name_of(vm, v) else { return Ok(()) };
    let c = &classes.by_name[name];
    if c.place {
        let mut place = [0usize; 4];
        for (slot, key) in place.iter_mut().zip(&classes.place) {
            if let Some(n) = vm.get_attr_opt(v, key)?.filter(|n| n.word().is_int()) {
                *slot = usize::try_from(n.word().int()).unwrap_or(0);
            }
        }
        for (row, column) in [(place[0], place[1]), (place[2], place[3])] {
            if row > MAX_CANVAS || column > MAX_CANVAS {
                return vm.fail("OverflowError", "line or column number out of range");
            }
            let width = widths.entry(row.max(1)).or_insert(0);
            *width = (*width).max(column);
        }
    }
    for f in &c.fields {
        if let Some(inner) = vm.get_attr_opt(v, f)? {
            measure(vm, classes, &inner, widths)?;
        }
    }
    Ok(())
}

fn index() -> AtomicNodeIndex {
    AtomicNodeIndex::default()
}

fn boxed<T>(v: Option<T>) -> Option<Box<T>> {
    v.map(Box::new)
}

/// Which context an expression must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Load,
    Store,
    Del,
}

impl Read<'_> {
    fn offset(&self, row: i64, column: i64) -> TextSize {
        let row = usize::try_from(row).unwrap_or(0).clamp(1, self.canvas.starts.len());
        let start = self.canvas.starts[row - 1];
        let end = self.canvas.starts.get(row).map_or(self.canvas.text.len(), |s| s - 1);
        let at = (start + usize::try_from(column).unwrap_or(0)).min(end);
        TextSize::from(at as u32)
    }

    fn class(&mut self, v: &Value, sum: &str) -> R<&'static str> {
        self.vm.guard_native_stack()?;
        let classes = self.classes.clone();
        if let Some(name) = classes.name_of(self.vm, v) {
            let row = classes.by_name[name].row.as_ref();
            if name == sum || row.is_some_and(|r| r.sum == Some(sum)) {
                return Ok(name);
            }
        }
        let shown = self.vm.repr_string(v)?;
        self.vm.fail("TypeError", format!("expected some sort of {sum}, but got {shown}"))
    }

    /// The place of a node whose sum (or product) is `of`.
    fn range(&mut self, v: &Value, of: &str) -> R<TextRange> {
        let classes = self.classes.clone();
        let mut place = [0; 4];
        for (i, key) in classes.place.iter().enumerate() {
            let found = self.vm.get_attr_opt(v, key)?;
            place[i] = match found {
                Some(n) if n.is_none() && i >= 2 => place[i - 2],
                Some(n) => self.int(&n)?,
                None if i >= 2 => place[i - 2],
                None => {
                    let message = format!("required field \"{}\" missing from {of}", PLACE[i]);
                    return self.vm.fail("TypeError", message);
                }
            };
        }
        let [row, column, end_row, end_column] = place;
        if row > end_row {
            let message = format!("AST node line range ({row}, {end_row}) is not valid");
            return self.vm.fail("ValueError", message);
        }
        if row == end_row && column > end_column {
            let message = format!("line {row}, column {column}-{end_column} is not a valid range");
            return self.vm.fail("ValueError", message);
        }
        if (row < 0 && end_row != row) || (column < 0 && column != end_column) {
            let message = format!(
                "AST node column range ({column}, {end_column}) for line range ({row}, {end_row}) is not valid"
            );
            return self.vm.fail("ValueError", message);
        }
        let (a, b) = (self.offset(row, column), self.offset(end_row, end_column));
        Ok(TextRange::new(a, b.max(a)))
    }

    fn int(&mut self, v: &Value) -> R<i64> {
        if !v.word().is_int() && !v.word().is_bool() && !v.is_kind(Kind::Int) {
            let shown = self.vm.repr_string(v)?;
            return self.vm.fail("ValueError", format!("invalid integer value: {shown}"));
        }
        self.vm.index_i64(v, "integer")
    }

    /// A field that must be there.
    fn field(&mut self, v: &Value, name: &str) -> R<Value> {
        let key = self.vm.intern(name);
        match self.vm.get_attr_opt(v, &key)? {
            Some(f) => Ok(f),
            None => {
                let class = self.vm.type_of(v).as_::<Type>().short_name();
                let classes = self.classes.clone();
                let class = classes.name_of(self.vm, v).map_or(class, str::to_owned);
                self.vm.fail("TypeError", format!("required field \"{name}\" missing from {class}"))
            }
        }
    }
    fn needed(&mut self, v: &Value, name: &str) -> R<Value> {
        let f = self.field(v, name)?;
        if f.is_none() {
            let classes = self.classes.clone();
            let class = classes.name_of(self.vm, v).unwrap_or("?");
            return self.vm.fail("ValueError", format!("field '{name}' is required for {class}"));
        }
        Ok(f)
    }
    fn option(&mut self, v: &Value, name: &str) -> R<Option<Value>> {
        let key = self.vm.intern(name);
        Ok(self.vm.get_attr_opt(v, &key)?.filter(|f| !f.is_none()))
    }
    fn items(&mut self, v: &Value, name: &str) -> R<Vec<Value>> {
        let key = self.vm.intern(name);
        let Some(f) = self.vm.get_attr_opt(v, &key)? else { return Ok(vec![]) };
        match f.get::<List>() {
            Some(l) => Ok(l.as_slice().to_vec()),
            None => {
                let (class, got) = (self.vm.type_name(v), self.vm.type_name(&f));
                let class = class.rsplit('.').next().unwrap_or("").to_owned();
                let got = got.rsplit('.').next().unwrap_or("").to_owned();
                self.vm.fail("TypeError", format!("{class} field \"{name}\" must be a list, not a {got}"))
            }
        }
    }

    fn identifier(&mut self, v: &Value) -> R<ast::Identifier> {
        match v.get::<Str>() {
            Some(s) => {
                let name = s.as_str();
                if matches!(name, "None" | "True" | "False") {
                    return self
                        .vm
                        .fail("ValueError", format!("identifier field can't represent '{name}' constant"));
                }
                Ok(ast::Identifier::new(name, TextRange::default()))
            }
            None => self.vm.fail("TypeError", "AST identifier must be of type str"),
        }
    }
    fn name_field(&mut self, v: &Value, name: &str) -> R<ast::Identifier> {
        let f = self.needed(v, name)?;
        self.identifier(&f)
    }
    fn maybe_name(&mut self, v: &Value, name: &str) -> R<Option<ast::Identifier>> {
        match self.option(v, name)? {
            Some(f) => Ok(Some(self.identifier(&f)?)),
            None => Ok(None),
        }
    }

    fn body(&mut self, v: &Value, name: &str, needed: bool) -> R<Vec<Stmt>> {
        let items = self.items(v, name)?;
        if needed && items.is_empty() {
            let classes = self.classes.clone();
            let class = classes.name_of(self.vm, v).unwrap_or("?");
            return self.vm.fail("ValueError", format!("empty {name} on {class}"));
        }
        items.iter().map(|s| self.stmt(s)).collect()
    }
    fn expr_field(&mut self, v: &Value, name: &str) -> R<Expr> {
        self.expr_in(v, name, Context::Load)
    }
    fn expr_in(&mut self, v: &Value, name: &str, c: Context) -> R<Expr> {
        let f = self.needed(v, name)?;
        self.expr(&f, c)
    }
    fn maybe_expr(&mut self, v: &Value, name: &str) -> R<Option<Box<Expr>>> {
        match self.option(v, name)? {
            Some(f) => Ok(Some(Box::new(self.expr(&f, Context::Load)?))),
            None => Ok(None),
        }
    }
    fn exprs(&mut self, v: &Value, name: &str, c: Context, needed: bool) -> R<Vec<Expr>> {
        let items = self.items(v, name)?;
        if needed && items.is_empty() {
            let classes = self.classes.clone();
            let class = classes.name_of(self.vm, v).unwrap_or("?");
            return self.vm.fail("ValueError", format!("empty {name} on {class}"));
        }
        let mut out = vec![];
        for i in &items {
            if i.is_none() {
                return self.vm.fail("ValueError", "None disallowed in expression list");
            }
            out.push(self.expr(i, c)?);
        }
        Ok(out)
    }

    fn stmt(&mut self, v: &Value) -> R<Stmt> {
        if v.is_none() {
            return self.vm.fail("ValueError", "None disallowed in statement list");
        }
        let name = self.class(v, "stmt")?;
        let range = self.range(v, "stmt")?;
        let node_index = index();
        use Context::*;
        Ok(match name {
            "FunctionDef" | "AsyncFunctionDef" => Stmt::FunctionDef(ast::StmtFunctionDef {
                node_index,
                range,
                is_async: name == "AsyncFunctionDef",
                name: self.name_field(v, "name")?,
                type_params: boxed(self.type_params(v)?),
                parameters: Box::new(self.parameters(v)?),
                body: self.body(v, "body", true)?.into(),
                decorator_list: self.decorators(v)?.into(),
                returns: self.maybe_expr(v, "returns")?,
                runtime_decorator_list: None,
                runtime_type_comment: None,
                runtime_type_comment_bytes: None,
                runtime_body: None,
            }),
            "ClassDef" => Stmt::ClassDef(ast::StmtClassDef {
                node_index,
                range,
                name: self.name_field(v, "name")?,
                type_params: boxed(self.type_params(v)?),
                arguments: {
                    let (args, keywords) = (self.exprs(v, "bases", Load, false)?, self.keywords(v)?);
                    let some = !args.is_empty() || !keywords.is_empty();
                    some.then(|| Box::new(arguments(args, keywords, range)))
                },
                body: self.body(v, "body", true)?.into(),
                decorator_list: self.decorators(v)?.into(),
                runtime_decorator_list: None,
                runtime_body: None,
            }),
            "Return" => {
                let value = self.maybe_expr(v, "value")?;
                Stmt::Return(ast::StmtReturn { node_index, range, value })
            }
            "Delete" => {
                let targets = self.exprs(v, "targets", Del, true)?;
                Stmt::Delete(ast::StmtDelete { node_index, range, targets, runtime_targets: None })
            }
            "Assign" => {
                let targets = self.exprs(v, "targets", Store, true)?;
                let value = Box::new(self.expr_field(v, "value")?);
                Stmt::Assign(ast::StmtAssign {
                    node_index,
                    range,
                    targets,
                    value,
                    runtime_targets: None,
                    runtime_type_comment: None,
                    runtime_type_comment_bytes: None,
                })
            }
            "TypeAlias" => {
                let name = Box::new(self.expr_in(v, "name", Store)?);
                if !name.is_name_expr() {
                    return self.vm.fail("TypeError", "TypeAlias with non-Name name");
                }
                let type_params = boxed(self.type_params(v)?);
                let value = Box::new(self.expr_field(v, "value")?);
                Stmt::TypeAlias(ast::StmtTypeAlias { node_index, range, name, type_params, value })
            }
            "AugAssign" => {
                let target = Box::new(self.expr_in(v, "target", Store)?);
                let (op, value) = (self.operator(v)?, Box::new(self.expr_field(v, "value")?));
                Stmt::AugAssign(ast::StmtAugAssign { node_index, range, target, op, value })
            }
            "AnnAssign" => {
                let target = Box::new(self.expr_in(v, "target", Store)?);
                let simple = self.field(v, "simple")?;
                let simple = self.int(&simple)? != 0;
                if simple && !target.is_name_expr() {
                    return self.vm.fail("TypeError", "AnnAssign with simple non-Name target");
                }
                let annotation = Box::new(self.expr_field(v, "annotation")?);
                let value = self.maybe_expr(v, "value")?;
                Stmt::AnnAssign(ast::StmtAnnAssign {
                    node_index,
                    range,
                    target,
                    annotation,
                    value,
                    simple,
                    runtime_simple: None,
                })
            }
            "For" | "AsyncFor" => Stmt::For(ast::StmtFor {
                node_index,
                range,
                is_async: name == "AsyncFor",
                target: Box::new(self.expr_in(v, "target", Store)?),
                iter: Box::new(self.expr_field(v, "iter")?),
                body: self.body(v, "body", true)?.into(),
                orelse: self.body(v, "orelse", false)?.into(),
                runtime_type_comment: None,
                runtime_type_comment_bytes: None,
                runtime_body: None,
                runtime_orelse: None,
            }),
            "While" => Stmt::While(ast::StmtWhile {
                node_index,
                range,
                test: Box::new(self.expr_field(v, "test")?),
                body: self.body(v, "body", true)?.into(),
                orelse: self.body(v, "orelse", false)?.into(),
                runtime_body: None,
                runtime_orelse: None,
            }),
            "If" => {
                let test = Box::new(self.expr_field(v, "test")?);
                let body = self.body(v, "body", true)?;
                let orelse = self.body(v, "orelse", false)?;
                let mut clauses = vec![];
                if !orelse.is_empty() {
                    clauses = else_clauses(orelse, range);
                }
                Stmt::If(ast::StmtIf {
                    node_index,
                    range,
                    test,
                    body: body.into(),
                    elif_else_clauses: clauses,
                    runtime_body: None,
                })
            }
            "With" | "AsyncWith" => {
                let items = self.items(v, "items")?;
                if items.is_empty() {
                    return self.vm.fail("ValueError", format!("empty items on {name}"));
                }
                let mut out = vec![];
                for i in &items {
                    self.class(i, "withitem")?;
                    let context_expr = self.expr_field(i, "context_expr")?;
                    let optional_vars = match self.option(i, "optional_vars")? {
                        Some(e) => Some(Box::new(self.expr(&e, Store)?)),
                        None => None,
                    };
                    out.push(ast::WithItem { node_index: index(), range, context_expr, optional_vars });
                }
                Stmt::With(ast::StmtWith {
                    node_index,
                    range,
                    is_async: name == "AsyncWith",
                    items: out,
                    body: self.body(v, "body", true)?.into(),
                    runtime_type_comment: None,
                    runtime_type_comment_bytes: None,
                    runtime_body: None,
                })
            }
            "Match" => {
                let subject = Box::new(self.expr_field(v, "subject")?);
                let items = self.items(v, "cases")?;
                if items.is_empty() {
                    return self.vm.fail("ValueError", "empty cases on Match");
                }
                let mut cases = vec![];
                for c in &items {
                    self.class(c, "match_case")?;
                    let p = self.needed(c, "pattern")?;
                    cases.push(ast::MatchCase {
                        node_index: index(),
                        range,
                        pattern: self.pattern(&p)?,
                        guard: self.maybe_expr(c, "guard")?,
                        body: self.body(c, "body", true)?.into(),
                        runtime_body: None,
                    });
                }
                Stmt::Match(ast::StmtMatch { node_index, range, subject, cases })
            }
            "Raise" => {
                let (exc, cause) = (self.maybe_expr(v, "exc")?, self.maybe_expr(v, "cause")?);
                if exc.is_none() && cause.is_some() {
                    return self.vm.fail("ValueError", "Raise with cause but no exception");
                }
                Stmt::Raise(ast::StmtRaise { node_index, range, exc, cause })
            }
            "Try" | "TryStar" => self.try_stmt(v, range, name)?,
            "Assert" => {
                let test = Box::new(self.expr_field(v, "test")?);
                let msg = self.maybe_expr(v, "msg")?;
                Stmt::Assert(ast::StmtAssert { node_index, range, test, msg })
            }
            "Import" => {
                let names = self.aliases(v, name)?;
                Stmt::Import(ast::StmtImport { node_index, range, names, is_lazy: false })
            }
            "ImportFrom" => {
                let module = match self.option(v, "module")? {
                    Some(m) => Some(self.identifier(&m)?),
                    None => None,
                };
                let level = match self.option(v, "level")? {
                    Some(n) => self.int(&n)?,
                    None => 0,
                };
                let Ok(level) = u32::try_from(level) else {
                    return self.vm.fail("ValueError", "Negative ImportFrom level");
                };
                let names = self.aliases(v, name)?;
                Stmt::ImportFrom(ast::StmtImportFrom {
                    node_index,
                    range,
                    module,
                    names,
                    level,
                    is_lazy: false,
                    runtime_level: None,
                })
            }
            "Global" => {
                let names = self.names(v, "names", name)?;
                Stmt::Global(ast::StmtGlobal { node_index, range, names })
            }
            "Nonlocal" => {
                let names = self.names(v, "names", name)?;
                Stmt::Nonlocal(ast::StmtNonlocal { node_index, range, names })
            }
            "Expr" => {
                let value = Box::new(self.expr_field(v, "value")?);
                Stmt::Expr(ast::StmtExpr { node_index, range, value })
            }
            "Pass" => Stmt::Pass(ast::StmtPass { node_index, range }),
            "Break" => Stmt::Break(ast::StmtBreak { node_index, range }),
            "Continue" => Stmt::Continue(ast::StmtContinue { node_index, range }),
            _ => return self.unexpected(v, "stmt"),
        })
    }

    fn unexpected<T>(&mut self, v: &Value, sum: &str) -> R<T> {
        let shown = self.vm.repr_string(v)?;
        self.vm.fail("TypeError", format!("expected some sort of {sum}, but got {shown}"))
    }

    fn try_stmt(&mut self, v: &Value, range: TextRange, name: &str) -> R<Stmt> {
        let body = self.body(v, "body", true)?;
        let items = self.items(v, "handlers")?;
        let (orelse, finalbody) = (self.body(v, "orelse", false)?, self.body(v, "finalbody", false)?);
        if items.is_empty() && finalbody.is_empty() {
            return self.vm.fail("ValueError", format!("{name} has neither handlers nor finalbody"));
        }
        if items.is_empty() && !orelse.is_empty() {
            return self.vm.fail("ValueError", format!("{name} has orelse but no except handlers"));
        }
        let mut handlers = vec![];
        for h in &items {
            self.class(h, "excepthandler")?;
            let range = self.range(h, "excepthandler")?;
            handlers.push(ast::ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
                node_index: index(),
                range,
                type_: self.maybe_expr(h, "type")?,
                name: self.maybe_name(h, "name")?,
                body: self.body(h, "body", true)?.into(),
                runtime_body: None,
            }));
        }
        Ok(Stmt::Try(ast::StmtTry {
            node_index: index(),
            range,
            body: body.into(),
            handlers,
            orelse: orelse.into(),
            finalbody: finalbody.into(),
            is_star: name == "TryStar",
            runtime_body: None,
            runtime_handlers: None,
            runtime_orelse: None,
            runtime_finalbody: None,
        }))
    }

    fn decorators(&mut self, v: &Value) -> R<Vec<ast::Decorator>> {
        let all = self.exprs(v, "decorator_list", Context::Load, false)?;
        use ruff_text_size::Ranged;
        Ok(all
            .into_iter()
            .map(|expression| ast::Decorator { node_index: index(), range: expression.range(), expression })
            .collect())
    }
    fn aliases(&mut self, v: &Value, class: &str) -> R<Vec<ast::Alias>> {
        let items = self.items(v, "names")?;
        if items.is_empty() {
            return self.vm.fail("ValueError", format!("empty names on {class}"));
        }
        let mut out = vec![];
        for a in &items {
            self.class(a, "alias")?;
            let range = self.range(a, "alias")?;
            let (name, asname) = (self.name_field(a, "name")?, self.maybe_name(a, "asname")?);
            out.push(ast::Alias { node_index: index(), range, name, asname });
        }
        Ok(out)
    }
    fn names(&mut self, v: &Value, field: &str, class: &str) -> R<Vec<ast::Identifier>> {
        let items = self.items(v, field)?;
        if items.is_empty() && class != "MatchClass" {
            return self.vm.fail("ValueError", format!("empty {field} on {class}"));
        }
        items.iter().map(|n| self.identifier(n)).collect()
    }
    fn keywords(&mut self, v: &Value) -> R<Vec<ast::Keyword>> {
        let mut out = vec![];
        for k in self.items(v, "keywords")? {
            self.class(&k, "keyword")?;
            let range = self.range(&k, "keyword")?;
            let (arg, value) = (self.maybe_name(&k, "arg")?, self.expr_field(&k, "value")?);
            out.push(ast::Keyword { node_index: index(), range, arg, value });
        }
        Ok(out)
    }

    fn parameter(&mut self, v: &Value) -> R<ast::Parameter> {
        self.class(v, "arg")?;
        let range = self.range(v, "arg")?;
        let mut name = self.name_field(v, "arg")?;
        name.range = range;
        let annotation = self.maybe_expr(v, "annotation")?;
        Ok(ast::Parameter {
            node_index: index(),
            range,
            name,
            annotation,
            runtime_type_comment: None,
            runtime_type_comment_bytes: None,
        })
    }
    fn parameters(&mut self, owner: &Value) -> R<ast::Parameters> {
        let v = self.needed(owner, "args")?;
        self.class(&v, "arguments")?;
        let mut lists = vec![];
        for field in ["posonlyargs", "args", "kwonlyargs"] {
            let mut list = vec![];
            for p in self.items(&v, field)? {
                let parameter = self.parameter(&p)?;
                let range = parameter.range;
                list.push(ast::ParameterWithDefault { node_index: index(), range, parameter, default: None });
            }
            lists.push(list);
        }
        let vararg = match self.option(&v, "vararg")? {
            Some(p) => Some(Box::new(self.parameter(&p)?)),
            None => None,
        };
        let kwarg = match self.option(&v, "kwarg")? {
            Some(p) => Some(Box::new(self.parameter(&p)?)),
            None => None,
        };
        let defaults = self.exprs(&v, "defaults", Context::Load, false)?;
        let kw_defaults = self.items(&v, "kw_defaults")?;
        let [mut posonly, mut args, mut kwonly]: [Vec<ast::ParameterWithDefault>; 3] =
            lists.try_into().unwrap_or_default();
        let count = posonly.len() + args.len();
        if defaults.len() > count {
            return self.vm.fail("ValueError", "more positional defaults than args on arguments");
        }
        if kw_defaults.len() != kwonly.len() {
            return self
                .vm
                .fail("ValueError", "length of kwonlyargs is not the same as kw_defaults on arguments");
        }
        let first = count - defaults.len();
        for (p, d) in posonly.iter_mut().chain(args.iter_mut()).skip(first).zip(defaults) {
            p.default = Some(Box::new(d));
        }
        for (p, d) in kwonly.iter_mut().zip(&kw_defaults) {
            if !d.is_none() {
                p.default = Some(Box::new(self.expr(d, Context::Load)?));
            }
        }
        Ok(ast::Parameters {
            range: TextRange::default(),
            node_index: index(),
            posonlyargs: posonly.into(),
            args: args.into(),
            vararg,
            kwonlyargs: kwonly.into(),
            kwarg,
            runtime_defaults: None,
        })
    }

    fn type_params(&mut self, v: &Value) -> R<Option<ast::TypeParams>> {
        let items = self.items(v, "type_params")?;
        if items.is_empty() {
            return Ok(None);
        }
        let mut out = vec![];
        for p in &items {
            let class = self.class(p, "type_param")?;
            let range = self.range(p, "type_param")?;
            let (node_index, name) = (index(), self.name_field(p, "name")?);
            let default = self.maybe_expr(p, "default_value")?;
            out.push(match class {
                "TypeVar" => {
                    let bound = self.maybe_expr(p, "bound")?;
                    ast::TypeParam::TypeVar(ast::TypeParamTypeVar { node_index, range, name, bound, default })
                }
                "ParamSpec" => {
                    ast::TypeParam::ParamSpec(ast::TypeParamParamSpec { node_index, range, name, default })
                }
                _ => ast::TypeParam::TypeVarTuple(ast::TypeParamTypeVarTuple {
                    node_index,
                    range,
                    name,
                    default,
                }),
            });
        }
        use ruff_text_size::Ranged;
        let range = out[0].range();
        Ok(Some(ast::TypeParams { node_index: index(), range, type_params: out, runtime_type_params: None }))
    }

    fn operator(&mut self, v: &Value) -> R<ast::Operator> {
        use ast::Operator::*;
        let op = self.needed(v, "op")?;
        Ok(match self.class(&op, "operator")? {
            "Add" => Add,
            "Sub" => Sub,
            "Mult" => Mult,
            "MatMult" => MatMult,
            "Div" => Div,
            "Mod" => Mod,
            "Pow" => Pow,
            "LShift" => LShift,
            "RShift" => RShift,
            "BitOr" => BitOr,
            "BitXor" => BitXor,
            "BitAnd" => BitAnd,
            "FloorDiv" => FloorDiv,
            _ => return self.unexpected(&op, "operator"),
        })
    }
    fn cmp_op(&mut self, op: &Value) -> R<ast::CmpOp> {
        use ast::CmpOp::*;
        Ok(match self.class(op, "cmpop")? {
            "Eq" => Eq,
            "NotEq" => NotEq,
            "Lt" => Lt,
            "LtE" => LtE,
            "Gt" => Gt,
            "GtE" => GtE,
            "Is" => Is,
            "IsNot" => IsNot,
            "In" => In,
            "NotIn" => NotIn,
            _ => return self.unexpected(op, "cmpop"),
        })
    }

    /// The node's context, which must be the one its position asks for.
    fn context(&mut self, v: &Value, expected: Context) -> R<ast::ExprContext> {
        let key = self.vm.intern("ctx");
        let name = match self.vm.get_attr_opt(v, &key)? {
            Some(c) => self.class(&c, "expr_context")?,
            None => "Load",
        };
        let (want, context) = match expected {
            Context::Load => ("Load", ast::ExprContext::Load),
            Context::Store => ("Store", ast::ExprContext::Store),
            Context::Del => ("Del", ast::ExprContext::Del),
        };
        if name != want {
            let message = format!("expression must have {want} context but has {name} instead");
            return self.vm.fail("ValueError", message);
        }
        Ok(context)
    }

    fn expr(&mut self, v: &Value, expected: Context) -> R<Expr> {
        let name = self.class(v, "expr")?;
        let range = self.range(v, "expr")?;
        let node_index = index();
        use Context::Load;
        let settable = matches!(name, "Name" | "Attribute" | "Subscript" | "Starred" | "List" | "Tuple");
        if !settable && expected != Load {
            let want = if expected == Context::Store { "Store" } else { "Del" };
            let message = format!("expression which can't be assigned to in {want} context");
            return self.vm.fail("ValueError", message);
        }
        Ok(match name {
            "BoolOp" => {
                let op = self.needed(v, "op")?;
                let op = if self.class(&op, "boolop")? == "And" { ast::BoolOp::And } else { ast::BoolOp::Or };
                let values = self.exprs(v, "values", Load, false)?;
                if values.len() < 2 {
                    return self.vm.fail("ValueError", "BoolOp with less than 2 values");
                }
                Expr::BoolOp(ast::ExprBoolOp { node_index, range, op, values, runtime_values: None })
            }
            "NamedExpr" => {
                let target = Box::new(self.expr_in(v, "target", Context::Store)?);
                if !target.is_name_expr() {
                    return self.vm.fail("TypeError", "NamedExpr target must be a Name");
                }
                let value = Box::new(self.expr_field(v, "value")?);
                Expr::Named(ast::ExprNamed { node_index, range, target, value })
            }
            "BinOp" => {
                let left = Box::new(self.expr_field(v, "left")?);
                let op = self.operator(v)?;
                let right = Box::new(self.expr_field(v, "right")?);
                Expr::BinOp(ast::ExprBinOp { node_index, range, left, op, right })
            }
            "UnaryOp" => {
                let op = self.needed(v, "op")?;
                let op = match self.class(&op, "unaryop")? {
                    "Invert" => ast::UnaryOp::Invert,
                    "Not" => ast::UnaryOp::Not,
                    "UAdd" => ast::UnaryOp::UAdd,
                    _ => ast::UnaryOp::USub,
                };
                let operand = Box::new(self.expr_field(v, "operand")?);
                Expr::UnaryOp(ast::ExprUnaryOp { node_index, range, op, operand })
            }
            "Lambda" => {
                let parameters = Some(Box::new(self.parameters(v)?));
                let body = Box::new(self.expr_field(v, "body")?);
                Expr::Lambda(ast::ExprLambda { node_index, range, parameters, body })
            }
            "IfExp" => Expr::If(ast::ExprIf {
                node_index,
                range,
                test: Box::new(self.expr_field(v, "test")?),
                body: Box::new(self.expr_field(v, "body")?),
                orelse: Box::new(self.expr_field(v, "orelse")?),
            }),
            "Dict" => {
                let keys = self.items(v, "keys")?;
                let values = self.exprs(v, "values", Load, false)?;
                if keys.len() != values.len() {
                    return self.vm.fail("ValueError", "Dict doesn't have the same number of keys as values");
                }
                let mut items = vec![];
                for (k, value) in keys.iter().zip(values) {
                    let key = if k.is_none() { None } else { Some(self.expr(k, Load)?) };
                    items.push(ast::DictItem { key, value });
                }
                Expr::Dict(ast::ExprDict { node_index, range, items, runtime_values: None })
            }
            "Set" => {
                let elts = self.exprs(v, "elts", Load, false)?;
                Expr::Set(ast::ExprSet { node_index, range, elts, runtime_elts: None })
            }
            "ListComp" => {
                let generators = self.comprehensions(v)?;
                let elt = Box::new(self.expr_field(v, "elt")?);
                Expr::ListComp(ast::ExprListComp { node_index, range, elt, generators })
            }
            "SetComp" => {
                let generators = self.comprehensions(v)?;
                let elt = Box::new(self.expr_field(v, "elt")?);
                Expr::SetComp(ast::ExprSetComp { node_index, range, elt, generators })
            }
            "GeneratorExp" => {
                let generators = self.comprehensions(v)?;
                let elt = Box::new(self.expr_field(v, "elt")?);
                let parenthesized = true;
                Expr::Generator(ast::ExprGenerator { node_index, range, elt, generators, parenthesized })
            }
            "DictComp" => {
                let generators = self.comprehensions(v)?;
                let key = Some(Box::new(self.expr_field(v, "key")?));
                let value = Box::new(self.expr_field(v, "value")?);
                Expr::DictComp(ast::ExprDictComp { node_index, range, key, value, generators })
            }
            "Await" => {
                let value = Box::new(self.expr_field(v, "value")?);
                Expr::Await(ast::ExprAwait { node_index, range, value })
            }
            "Yield" => {
                let value = self.maybe_expr(v, "value")?;
                Expr::Yield(ast::ExprYield { node_index, range, value })
            }
            "YieldFrom" => {
                let value = Box::new(self.expr_field(v, "value")?);
                Expr::YieldFrom(ast::ExprYieldFrom { node_index, range, value })
            }
            "Compare" => {
                let ops = self.items(v, "ops")?;
                let comparators = self.exprs(v, "comparators", Load, false)?;
                if comparators.is_empty() {
                    return self.vm.fail("ValueError", "Compare with no comparators");
                }
                if ops.len() != comparators.len() {
                    return self
                        .vm
                        .fail("ValueError", "Compare has a different number of comparators and operands");
                }
                let left = Box::new(self.expr_field(v, "left")?);
                let ops = ops.iter().map(|o| self.cmp_op(o)).collect::<R<Vec<_>>>()?;
                Expr::Compare(ast::ExprCompare {
                    node_index,
                    range,
                    left,
                    ops: ops.into(),
                    comparators: comparators.into(),
                    runtime_comparators: None,
                })
            }
            "Call" => {
                let func = Box::new(self.expr_field(v, "func")?);
                let args = self.exprs(v, "args", Load, false)?;
                let keywords = self.keywords(v)?;
                let arguments = arguments(args, keywords, range);
                Expr::Call(ast::ExprCall { node_index, range_start: range.start(), func, arguments })
            }
            "JoinedStr" | "TemplateStr" | "FormattedValue" | "Interpolation" => {
                self.interpolated(v, name, range)?
            }
            "Constant" => {
                let c = self.field(v, "value")?;
                let value = self.constant(&c)?;
                let kind = match self.option(v, "kind")? {
                    Some(k) => k.get::<Str>().map(|s| s.as_str().into()),
                    None => None,
                };
                Expr::Constant(ast::ExprConstant { node_index, range, value, kind, invalid_type: None })
            }
            "Attribute" => {
                let ctx = self.context(v, expected)?;
                let value = Box::new(self.expr_field(v, "value")?);
                let mut attr = self.name_field(v, "attr")?;
                // Where the name would stand: at the end.
                let width = TextSize::from(attr.id.len().min(range.len().to_usize()) as u32);
                attr.range = TextRange::new(range.end() - width, range.end());
                Expr::Attribute(ast::ExprAttribute { node_index, range, value, attr, ctx })
            }
            "Subscript" => {
                let ctx = self.context(v, expected)?;
                let value = Box::new(self.expr_field(v, "value")?);
                let slice = Box::new(self.expr_field(v, "slice")?);
                Expr::Subscript(ast::ExprSubscript { node_index, range, value, slice, ctx })
            }
            "Starred" => {
                let ctx = self.context(v, expected)?;
                let value = Box::new(self.expr_in(v, "value", expected)?);
                Expr::Starred(ast::ExprStarred { node_index, range, value, ctx })
            }
            "Name" => {
                let ctx = self.context(v, expected)?;
                let id = self.name_field(v, "id")?.id;
                Expr::Name(ast::ExprName { node_index, range, id, ctx })
            }
            "List" => {
                let ctx = self.context(v, expected)?;
                let elts = self.exprs(v, "elts", expected, false)?;
                Expr::List(ast::ExprList { node_index, range, elts, ctx, runtime_elts: None })
            }
            "Tuple" => {
                let ctx = self.context(v, expected)?;
                let elts = self.exprs(v, "elts", expected, false)?;
                let parenthesized = true;
                Expr::Tuple(ast::ExprTuple {
                    node_index,
                    range,
                    elts,
                    ctx,
                    parenthesized,
                    runtime_elts: None,
                })
            }
            "Slice" => Expr::Slice(ast::ExprSlice {
                node_index,
                range,
                lower: self.maybe_expr(v, "lower")?,
                upper: self.maybe_expr(v, "upper")?,
                step: self.maybe_expr(v, "step")?,
            }),
            _ => return self.unexpected(v, "expr"),
        })
    }

    fn comprehensions(&mut self, v: &Value) -> R<Vec<ast::Comprehension>> {
        let items = self.items(v, "generators")?;
        if items.is_empty() {
            return self.vm.fail("ValueError", "comprehension with no generators");
        }
        let mut out = vec![];
        for c in &items {
            self.class(c, "comprehension")?;
            let is_async = self.field(c, "is_async")?;
            use ruff_text_size::Ranged;
            let target = self.expr_in(c, "target", Context::Store)?;
            let iter = self.expr_field(c, "iter")?;
            let ifs = self.exprs(c, "ifs", Context::Load, false)?;
            out.push(ast::Comprehension {
                node_index: index(),
                range: target.range().cover(iter.range()),
                target,
                iter,
                ifs,
                is_async: self.int(&is_async)? != 0,
                runtime_ifs: None,
                runtime_is_async: None,
            });
        }
        Ok(out)
    }

    /// An f-string or t-string, or a replacement field that stands alone.
    fn interpolated(&mut self, v: &Value, name: &str, range: TextRange) -> R<Expr> {
        let elements = match name {
            "JoinedStr" | "TemplateStr" => self.elements(v)?,
            _ => vec![self.element(v)?],
        };
        let (node_index, elements) = (index(), ast::InterpolatedStringElements::from(elements));
        if matches!(name, "TemplateStr" | "Interpolation") {
            let flags = ast::TStringFlags::empty();
            let t = ast::TString { range, node_index: index(), elements, flags };
            let value = ast::TStringValue::single(t);
            return Ok(Expr::TString(ast::ExprTString {
                node_index,
                range,
                value,
                runtime_template_str: None,
                runtime_values: None,
            }));
        }
        let f = ast::FString { range, node_index: index(), elements, flags: ast::FStringFlags::empty() };
        let value = ast::FStringValue::single(f);
        Ok(Expr::FString(ast::ExprFString {
            node_index,
            range,
            value,
            runtime_joined_str: None,
            runtime_values: None,
        }))
    }
    fn elements(&mut self, v: &Value) -> R<Vec<ast::InterpolatedStringElement>> {
        let items = self.items(v, "values")?;
        items.iter().map(|i| self.element(i)).collect()
    }
    fn element(&mut self, v: &Value) -> R<ast::InterpolatedStringElement> {
        let name = self.class(v, "expr")?;
        let range = self.range(v, "expr")?;
        match name {
            "Constant" => {
                let c = self.field(v, "value")?;
                let Some(s) = c.get::<Str>() else {
                    let class = self.vm.type_name(&c);
                    return self.vm.fail("TypeError", format!("Invalid constant in f-string: {class}"));
                };
                let value = s.as_str().into();
                let e = ast::InterpolatedStringLiteralElement { range, node_index: index(), value };
                Ok(ast::InterpolatedStringElement::Literal(e))
            }
            "FormattedValue" | "Interpolation" => {
                let expression = Box::new(self.expr_field(v, "value")?);
                let c = self.field(v, "conversion")?;
                let conversion = match self.int(&c)? {
                    -1 => ast::ConversionFlag::None,
                    0x73 => ast::ConversionFlag::Str,
                    0x72 => ast::ConversionFlag::Repr,
                    0x61 => ast::ConversionFlag::Ascii,
                    n => {
                        return self.vm.fail("SystemError", format!("Unrecognized conversion character {n}"));
                    }
                };
                let format_spec = match self.option(v, "format_spec")? {
                    Some(s) => {
                        let elements = match self.class(&s, "expr")? {
                            "JoinedStr" => self.elements(&s)?,
                            _ => vec![self.element(&s)?],
                        };
                        let range = self.range(&s, "expr")?;
                        let elements = elements.into();
                        Some(Box::new(ast::InterpolatedStringFormatSpec {
                            range,
                            node_index: index(),
                            elements,
                        }))
                    }
                    None => None,
                };
                let runtime_str = match name {
                    "Interpolation" => {
                        let s = self.field(v, "str")?;
                        Some(self.constant(&s)?)
                    }
                    _ => None,
                };
                Ok(ast::InterpolatedStringElement::Interpolation(ast::InterpolatedElement {
                    range,
                    node_index: index(),
                    expression,
                    debug_text: None,
                    conversion,
                    format_spec,
                    runtime_str,
                    runtime_interpolation_format_spec: None,
                    runtime_formatted_value_format_spec: None,
                }))
            }
            // Anything else is shown as it is.
            _ => {
                let expression = Box::new(self.expr(v, Context::Load)?);
                Ok(ast::InterpolatedStringElement::Interpolation(ast::InterpolatedElement {
                    range,
                    node_index: index(),
                    expression,
                    debug_text: None,
                    conversion: ast::ConversionFlag::None,
                    format_spec: None,
                    runtime_str: None,
                    runtime_interpolation_format_spec: None,
                    runtime_formatted_value_format_spec: None,
                }))
            }
        }
    }

    fn constant(&mut self, v: &Value) -> R<ast::ConstantValue> {
        use ast::ConstantValue as C;
        self.vm.guard_native_stack()?;
        let t = self.vm.type_of(v).clone();
        let types = &self.vm.types;
        Ok(match () {
            _ if v.is_none() => C::None,
            _ if v.is(&Value::ELLIPSIS) => C::Ellipsis,
            _ if v.word().is_bool() => C::Boolean(v.is(&Value::TRUE)),
            _ if v.word().is_float() => C::Float(v.word().float()),
            _ if t.is(&types.int) => {
                let text = crate::types::number::Num::of(v).map_or(String::new(), |n| n.big().to_string());
                C::Integer(text.into())
            }
            _ if t.is(&types.str) => match v.as_::<Str>().to_str() {
                Some(s) => C::Str(s.into()),
                None => {
                    return self.vm.fail("NotImplementedError", "surrogates in the constants of a tree");
                }
            },
            _ if t.is(&types.bytes) => C::Bytes(v.as_::<Bytes>().as_slice().into()),
            _ if t.is(&types.tuple) => {
                let items = v.as_::<Tuple>().as_slice().to_vec();
                C::Tuple(items.iter().map(|i| self.constant(i)).collect::<R<Vec<_>>>()?)
            }
            _ if t.is(&types.frozenset) => {
                let items = self.vm.to_vec(v)?;
                C::Frozenset(items.iter().map(|i| self.constant(i)).collect::<R<Vec<_>>>()?)
            }
            _ => match crate::modules::support::complex_parts(self.vm, v) {
                Some((real, imag)) => C::Complex { real, imag },
                None => {
                    let class = t.as_::<Type>().short_name();
                    return self.vm.fail("TypeError", format!("got an invalid type in Constant: {class}"));
                }
            },
        })
    }

    fn patterns(&mut self, v: &Value, field: &str) -> R<Vec<Pattern>> {
        let items = self.items(v, field)?;
        items.iter().map(|p| self.pattern(p)).collect()
    }
    fn pattern(&mut self, v: &Value) -> R<Pattern> {
        let name = self.class(v, "pattern")?;
        let range = self.range(v, "pattern")?;
        let node_index = index();
        Ok(match name {
            "MatchValue" => {
                let value = Box::new(self.expr_field(v, "value")?);
                Pattern::MatchValue(ast::PatternMatchValue { node_index, range, value })
            }
            "MatchSingleton" => {
                let c = self.field(v, "value")?;
                let value = match () {
                    _ if c.is_none() => ast::Singleton::None,
                    _ if c.is(&Value::TRUE) => ast::Singleton::True,
                    _ if c.is(&Value::FALSE) => ast::Singleton::False,
                    _ => {
                        return self
                            .vm
                            .fail("ValueError", "MatchSingleton can only contain True, False and None");
                    }
                };
                Pattern::MatchSingleton(ast::PatternMatchSingleton { node_index, range, value })
            }
            "MatchSequence" => {
                let patterns = self.patterns(v, "patterns")?;
                Pattern::MatchSequence(ast::PatternMatchSequence {
                    node_index,
                    range,
                    patterns,
                    runtime_patterns: None,
                })
            }
            "MatchMapping" => {
                let keys = self.exprs(v, "keys", Context::Load, false)?;
                let patterns = self.patterns(v, "patterns")?;
                if keys.len() != patterns.len() {
                    return self
                        .vm
                        .fail("ValueError", "MatchMapping doesn't have the same number of keys as patterns");
                }
                let rest = self.maybe_name(v, "rest")?;
                Pattern::MatchMapping(ast::PatternMatchMapping {
                    node_index,
                    range,
                    keys: keys.into(),
                    patterns: patterns.into(),
                    rest,
                    runtime_keys: None,
                    runtime_patterns: None,
                })
            }
            "MatchClass" => {
                let cls = Box::new(self.expr_field(v, "cls")?);
                let patterns = self.patterns(v, "patterns")?;
                let names = self.names(v, "kwd_attrs", "MatchClass")?;
                let values = self.patterns(v, "kwd_patterns")?;
                if names.len() != values.len() {
                    return self.vm.fail(
                        "ValueError",
                        "MatchClass doesn't have the same number of keyword attributes as patterns",
                    );
                }
                let keywords = names
                    .into_iter()
                    .zip(values)
                    .map(|(attr, pattern)| ast::PatternKeyword { node_index: index(), range, attr, pattern })
                    .collect();
                let arguments =
                    ast::PatternArguments { node_index: index(), range, patterns: patterns.into(), keywords };
                Pattern::MatchClass(ast::PatternMatchClass {
                    node_index,
                    range,
                    cls,
                    arguments,
                    runtime_patterns: None,
                    runtime_kwd_attrs: None,
                    runtime_kwd_patterns: None,
                })
            }
            "MatchStar" => {
                let name = self.maybe_name(v, "name")?;
                Pattern::MatchStar(ast::PatternMatchStar { node_index, range, name })
            }
            "MatchAs" => {
                let pattern = match self.option(v, "pattern")? {
                    Some(p) => Some(Box::new(self.pattern(&p)?)),
                    None => None,
                };
                let name = self.maybe_name(v, "name")?;
                if pattern.is_some() && name.is_none() {
                    return self
                        .vm
                        .fail("ValueError", "MatchAs must specify a target name if a pattern is given");
                }
                Pattern::MatchAs(ast::PatternMatchAs { node_index, range, pattern, name })
            }
            "MatchOr" => {
                let patterns = self.patterns(v, "patterns")?;
                if patterns.len() < 2 {
                    return self.vm.fail("ValueError", "MatchOr requires at least 2 patterns");
                }
                Pattern::MatchOr(ast::PatternMatchOr { node_index, range, patterns, runtime_patterns: None })
            }
            _ => return self.unexpected(v, "pattern"),
        })
    }
}

fn arguments(args: Vec<Expr>, keywords: Vec<ast::Keyword>, range: TextRange) -> ast::Arguments {
    ast::Arguments {
        range,
        node_index: index(),
        args: args.into(),
        keywords: keywords.into(),
        runtime_args: None,
        runtime_bases: None,
    }
}

/// `else:` with a single `if` in it is `elif`.
fn else_clauses(orelse: Vec<Stmt>, range: TextRange) -> Vec<ast::ElifElseClause> {
    if orelse.len() == 1 && matches!(orelse[0], Stmt::If(_)) {
        let mut out = vec![];
        for s in orelse {
            if let Stmt::If(s) = s {
                out.push(ast::ElifElseClause {
                    range: s.range,
                    node_index: index(),
                    test: Some(*s.test),
                    body: s.body,
                    runtime_body: None,
                    runtime_orelse: None,
                });
                out.extend(s.elif_else_clauses);
            }
        }
        return out;
    }
    use ruff_text_size::Ranged;
    let range = orelse.first().map_or(range, Stmt::range);
    vec![ast::ElifElseClause {
        range,
        node_index: index(),
        test: None,
        body: orelse.into(),
        runtime_body: None,
        runtime_orelse: None,
    }]
}
