//! The parser's tree as Python objects.
//!
//! Lines count from 1 and columns in bytes of UTF-8, as in CPython. Where the two parsers draw the extent of
//! a node differently (decorated definitions, the generator that is a call's only argument, `elif`), this
//! file makes CPython's of it.

use super::{Classes, singleton};
use crate::error::R;
use crate::object::Kw;
use crate::value::Value;
use crate::vm::Vm;
use ruff_source_file::{SourceFile, SourceFileBuilder};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::ast::{self, Expr, Pattern, Stmt};
use rustpython_compiler::codegen;
use std::rc::Rc;

pub struct Build<'a> {
    vm: &'a mut Vm,
    classes: Rc<Classes>,
    source: SourceFile,
    /// Offset of each line's start.
    lines: Vec<usize>,
}

/// A tree of a module (`exec`), of interactive input (`single`) or of an expression.
pub fn tree(vm: &mut Vm, source: &str, filename: &str, parsed: &ast::Mod, single: bool) -> R<Value> {
    let classes = vm.node_classes()?;
    let lines = std::iter::once(0).chain(source.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let source = SourceFileBuilder::new(filename, source).finish();
    let mut b = Build { vm, classes, source, lines };
    match parsed {
        ast::Mod::Module(m) => {
            let body = b.stmts(&m.body)?;
            if single {
                return b.node("Interactive", None, vec![body]);
            }
            let none = b.vm.list(vec![]);
            b.node("Module", None, vec![body, none])
        }
        ast::Mod::Expression(e) => {
            let body = b.expr(&e.body)?;
            b.node("Expression", None, vec![body])
        }
    }
}

impl Build<'_> {
    fn place(&self, at: TextSize) -> (i64, i64) {
        let at = at.to_usize();
        let line = self.lines.partition_point(|&s| s <= at);
        (line as i64, (at - self.lines[line - 1]) as i64)
    }

    fn node(&mut self, name: &'static str, range: Option<TextRange>, values: Vec<Value>) -> R<Value> {
        let classes = self.classes.clone();
        let c = &classes.by_name[name];
        let node = self.vm.new_instance(&c.class)?;
        for (f, v) in c.fields.iter().zip(values) {
            self.vm.set_attr(&node, f, v)?;
        }
        if let Some(r) = range.filter(|_| c.place) {
            let ((l, k), (el, ek)) = (self.place(r.start()), self.place(r.end()));
            for (f, n) in classes.place.iter().zip([l, k, el, ek]) {
                self.vm.set_attr(&node, f, Value::small(n))?;
            }
        }
        Ok(node)
    }
    fn single(&mut self, name: &'static str) -> R<Value> {
        let classes = self.classes.clone();
        singleton(self.vm, &classes, name)
    }

    fn list<T>(&mut self, items: &[T], mut f: impl FnMut(&mut Self, &T) -> R<Value>) -> R<Value> {
        let items = items.iter().map(|i| f(self, i)).collect::<R<Vec<_>>>()?;
        Ok(self.vm.list(items))
    }
    fn option<T>(&mut self, item: Option<&T>, f: impl FnOnce(&mut Self, &T) -> R<Value>) -> R<Value> {
        item.map_or(Ok(Value::NONE), |i| f(self, i))
    }
    fn exprs(&mut self, items: &[Expr]) -> R<Value> {
        self.list(items, Self::expr)
    }
    fn stmts(&mut self, items: &[Stmt]) -> R<Value> {
        self.list(items, Self::stmt)
    }
    fn maybe(&mut self, e: Option<&Expr>) -> R<Value> {
        self.option(e, Self::expr)
    }
    fn name(&mut self, n: &ast::Identifier) -> Value {
        self.vm.intern(n.as_str())
    }
    fn maybe_name(&mut self, n: Option<&ast::Identifier>) -> Value {
        n.map_or(Value::NONE, |n| self.vm.intern(n.as_str()))
    }
    fn names(&mut self, n: &[ast::Identifier]) -> Value {
        let n = n.iter().map(|n| self.name(n)).collect();
        self.vm.list(n)
    }

    fn stmt(&mut self, s: &Stmt) -> R<Value> {
        let range = Some(s.range());
        let none = Value::NONE;
        match s {
            Stmt::FunctionDef(s) => {
                let keyword = if s.is_async { "async" } else { "def" };
                let range = self.definition(s.range, &s.decorator_list, keyword);
                let (args, body) = (self.parameters(Some(&s.parameters))?, self.stmts(&s.body)?);
                let decorators = self.list(&s.decorator_list, |b, d| b.expr(&d.expression))?;
                let (returns, params) =
                    (self.maybe(s.returns.as_deref())?, self.type_params(s.type_params.as_deref())?);
                let class = if s.is_async { "AsyncFunctionDef" } else { "FunctionDef" };
                let name = self.name(&s.name);
                self.node(class, Some(range), vec![name, args, body, decorators, returns, none, params])
            }
            Stmt::ClassDef(s) => {
                let range = self.definition(s.range, &s.decorator_list, "class");
                let bases = self.exprs(s.bases())?;
                let keywords = self.list(s.keywords(), Self::keyword)?;
                let body = self.stmts(&s.body)?;
                let decorators = self.list(&s.decorator_list, |b, d| b.expr(&d.expression))?;
                let params = self.type_params(s.type_params.as_deref())?;
                let name = self.name(&s.name);
                self.node("ClassDef", Some(range), vec![name, bases, keywords, body, decorators, params])
            }
            Stmt::Return(s) => {
                let v = self.maybe(s.value.as_deref())?;
                self.node("Return", range, vec![v])
            }
            Stmt::Delete(s) => {
                let v = self.exprs(&s.targets)?;
                self.node("Delete", range, vec![v])
            }
            Stmt::TypeAlias(s) => {
                let name = self.expr(&s.name)?;
                let params = self.type_params(s.type_params.as_deref())?;
                let v = self.expr(&s.value)?;
                self.node("TypeAlias", range, vec![name, params, v])
            }
            Stmt::Assign(s) => {
                let (t, v) = (self.exprs(&s.targets)?, self.expr(&s.value)?);
                self.node("Assign", range, vec![t, v, none])
            }
            Stmt::AugAssign(s) => {
                let (t, op, v) = (self.expr(&s.target)?, self.operator(s.op)?, self.expr(&s.value)?);
                self.node("AugAssign", range, vec![t, op, v])
            }
            Stmt::AnnAssign(s) => {
                let (t, a) = (self.expr(&s.target)?, self.expr(&s.annotation)?);
                let v = self.maybe(s.value.as_deref())?;
                self.node("AnnAssign", range, vec![t, a, v, Value::small(s.simple.into())])
            }
            Stmt::For(s) => {
                let (t, i) = (self.expr(&s.target)?, self.expr(&s.iter)?);
                let (body, orelse) = (self.stmts(&s.body)?, self.stmts(&s.orelse)?);
                let class = if s.is_async { "AsyncFor" } else { "For" };
                self.node(class, range, vec![t, i, body, orelse, none])
            }
            Stmt::While(s) => {
                let (t, body, orelse) = (self.expr(&s.test)?, self.stmts(&s.body)?, self.stmts(&s.orelse)?);
                self.node("While", range, vec![t, body, orelse])
            }
            Stmt::If(s) => self.if_chain(s.range, &s.test, &s.body, &s.elif_else_clauses),
            Stmt::With(s) => {
                let items = self.list(&s.items, |b, i| {
                    let (e, v) = (b.expr(&i.context_expr)?, b.maybe(i.optional_vars.as_deref())?);
                    b.node("withitem", None, vec![e, v])
                })?;
                let body = self.stmts(&s.body)?;
                let class = if s.is_async { "AsyncWith" } else { "With" };
                self.node(class, range, vec![items, body, none])
            }
            Stmt::Match(s) => {
                let subject = self.expr(&s.subject)?;
                let cases = self.list(&s.cases, |b, c| {
                    let (p, g) = (b.pattern(&c.pattern)?, b.maybe(c.guard.as_deref())?);
                    let body = b.stmts(&c.body)?;
                    b.node("match_case", None, vec![p, g, body])
                })?;
                self.node("Match", range, vec![subject, cases])
            }
            Stmt::Raise(s) => {
                let (e, c) = (self.maybe(s.exc.as_deref())?, self.maybe(s.cause.as_deref())?);
                self.node("Raise", range, vec![e, c])
            }
            Stmt::Try(s) => {
                let body = self.stmts(&s.body)?;
                let handlers = self.list(&s.handlers, |b, h| {
                    let ast::ExceptHandler::ExceptHandler(h) = h;
                    let (t, n) = (b.maybe(h.type_.as_deref())?, b.maybe_name(h.name.as_ref()));
                    let body = b.stmts(&h.body)?;
                    b.node("ExceptHandler", Some(h.range), vec![t, n, body])
                })?;
                let (orelse, last) = (self.stmts(&s.orelse)?, self.stmts(&s.finalbody)?);
                let class = if s.is_star { "TryStar" } else { "Try" };
                self.node(class, range, vec![body, handlers, orelse, last])
            }
            Stmt::Assert(s) => {
                let (t, m) = (self.expr(&s.test)?, self.maybe(s.msg.as_deref())?);
                self.node("Assert", range, vec![t, m])
            }
            Stmt::Import(s) => {
                let names = self.list(&s.names, Self::alias)?;
                self.node("Import", range, vec![names])
            }
            Stmt::ImportFrom(s) => {
                let module = self.maybe_name(s.module.as_ref());
                let names = self.list(&s.names, Self::alias)?;
                self.node("ImportFrom", range, vec![module, names, Value::small(s.level.into())])
            }
            Stmt::Global(s) => {
                let n = self.names(&s.names);
                self.node("Global", range, vec![n])
            }
            Stmt::Nonlocal(s) => {
                let n = self.names(&s.names);
                self.node("Nonlocal", range, vec![n])
            }
            Stmt::Expr(s) => {
                let v = self.expr(&s.value)?;
                self.node("Expr", range, vec![v])
            }
            Stmt::Pass(_) => self.node("Pass", range, vec![]),
            Stmt::Break(_) => self.node("Break", range, vec![]),
            Stmt::Continue(_) => self.node("Continue", range, vec![]),
            Stmt::IpyEscapeCommand(_) => self.vm.fail("SyntaxError", "invalid syntax"),
        }
    }

    /// From the keyword on, decorators left out.
    fn definition(&self, range: TextRange, decorators: &[ast::Decorator], keyword: &str) -> TextRange {
        codegen::decorated_definition_range(&self.source, range, decorators, keyword)
    }

    fn if_chain(
        &mut self,
        range: TextRange,
        test: &Expr,
        body: &[Stmt],
        rest: &[ast::ElifElseClause],
    ) -> R<Value> {
        let (t, b) = (self.expr(test)?, self.stmts(body)?);
        let orelse = match rest.split_first() {
            None => self.vm.list(vec![]),
            Some((c, rest)) => match &c.test {
                None => self.stmts(&c.body)?,
                Some(test) => {
                    let inner = TextRange::new(c.range.start(), range.end());
                    let nested = self.if_chain(inner, test, &c.body, rest)?;
                    self.vm.list(vec![nested])
                }
            },
        };
        self.node("If", Some(range), vec![t, b, orelse])
    }

    fn alias(&mut self, a: &ast::Alias) -> R<Value> {
        let (n, s) = (self.name(&a.name), self.maybe_name(a.asname.as_ref()));
        self.node("alias", Some(a.range), vec![n, s])
    }
    fn keyword(&mut self, k: &ast::Keyword) -> R<Value> {
        let (n, v) = (self.maybe_name(k.arg.as_ref()), self.expr(&k.value)?);
        self.node("keyword", Some(k.range), vec![n, v])
    }

    fn parameter(&mut self, p: &ast::Parameter) -> R<Value> {
        // A star before the name does not belong to it.
        let range = TextRange::new(p.name.range.start(), p.range.end());
        let (n, a) = (self.name(&p.name), self.maybe(p.annotation.as_deref())?);
        self.node("arg", Some(range), vec![n, a, Value::NONE])
    }
    fn parameters(&mut self, p: Option<&ast::Parameters>) -> R<Value> {
        let empty = ast::Parameters::default();
        let p = p.unwrap_or(&empty);
        let plain =
            |b: &mut Self, all: &[ast::ParameterWithDefault]| b.list(all, |b, p| b.parameter(&p.parameter));
        let (posonly, args) = (plain(self, &p.posonlyargs)?, plain(self, &p.args)?);
        let vararg = self.option(p.vararg.as_deref(), Self::parameter)?;
        let kwonly = plain(self, &p.kwonlyargs)?;
        let kw_defaults = self.list(&p.kwonlyargs, |b, p| b.maybe(p.default.as_deref()))?;
        let kwarg = self.option(p.kwarg.as_deref(), Self::parameter)?;
        let defaults: Vec<&Expr> =
            p.posonlyargs.iter().chain(p.args.iter()).filter_map(|p| p.default.as_deref()).collect();
        let defaults = self.list(&defaults, |b, e| b.expr(e))?;
        self.node("arguments", None, vec![posonly, args, vararg, kwonly, kw_defaults, kwarg, defaults])
    }

    fn type_params(&mut self, p: Option<&ast::TypeParams>) -> R<Value> {
        let all = p.map_or(&[][..], |p| &p.type_params);
        self.list(all, |b, p| match p {
            ast::TypeParam::TypeVar(t) => {
                let (n, bound) = (b.name(&t.name), b.maybe(t.bound.as_deref())?);
                let d = b.maybe(t.default.as_deref())?;
                b.node("TypeVar", Some(t.range), vec![n, bound, d])
            }
            ast::TypeParam::TypeVarTuple(t) => {
                let (n, d) = (b.name(&t.name), b.maybe(t.default.as_deref())?);
                b.node("TypeVarTuple", Some(t.range), vec![n, d])
            }
            ast::TypeParam::ParamSpec(t) => {
                let (n, d) = (b.name(&t.name), b.maybe(t.default.as_deref())?);
                b.node("ParamSpec", Some(t.range), vec![n, d])
            }
        })
    }

    fn operator(&mut self, op: ast::Operator) -> R<Value> {
        use ast::Operator::*;
        self.single(match op {
            Add => "Add",
            Sub => "Sub",
            Mult => "Mult",
            MatMult => "MatMult",
            Div => "Div",
            Mod => "Mod",
            Pow => "Pow",
            LShift => "LShift",
            RShift => "RShift",
            BitOr => "BitOr",
            BitXor => "BitXor",
            BitAnd => "BitAnd",
            FloorDiv => "FloorDiv",
        })
    }
    fn cmp_op(&mut self, op: &ast::CmpOp) -> R<Value> {
        use ast::CmpOp::*;
        self.single(match op {
            Eq => "Eq",
            NotEq => "NotEq",
            Lt => "Lt",
            LtE => "LtE",
            Gt => "Gt",
            GtE => "GtE",
            Is => "Is",
            IsNot => "IsNot",
            In => "In",
            NotIn => "NotIn",
        })
    }
    fn context(&mut self, c: ast::ExprContext) -> R<Value> {
        self.single(match c {
            ast::ExprContext::Store => "Store",
            ast::ExprContext::Del => "Del",
            _ => "Load",
        })
    }

    fn constant(&mut self, range: TextRange, v: Value, kind: Value) -> R<Value> {
        self.node("Constant", Some(range), vec![v, kind])
    }

    fn expr(&mut self, e: &Expr) -> R<Value> {
        self.vm.guard_native_stack()?;
        let r = e.range();
        let range = Some(r);
        match e {
            Expr::BoolOp(e) => {
                let op = self.single(if e.op == ast::BoolOp::And { "And" } else { "Or" })?;
                let v = self.exprs(&e.values)?;
                self.node("BoolOp", range, vec![op, v])
            }
            Expr::Named(e) => {
                let (t, v) = (self.expr(&e.target)?, self.expr(&e.value)?);
                self.node("NamedExpr", range, vec![t, v])
            }
            Expr::BinOp(e) => {
                let (a, op, b) = (self.expr(&e.left)?, self.operator(e.op)?, self.expr(&e.right)?);
                self.node("BinOp", range, vec![a, op, b])
            }
            Expr::UnaryOp(e) => {
                let op = self.single(match e.op {
                    ast::UnaryOp::Invert => "Invert",
                    ast::UnaryOp::Not => "Not",
                    ast::UnaryOp::UAdd => "UAdd",
                    ast::UnaryOp::USub => "USub",
                })?;
                let v = self.expr(&e.operand)?;
                self.node("UnaryOp", range, vec![op, v])
            }
            Expr::Lambda(e) => {
                let (p, b) = (self.parameters(e.parameters.as_deref())?, self.expr(&e.body)?);
                self.node("Lambda", range, vec![p, b])
            }
            Expr::If(e) => {
                let (t, b, o) = (self.expr(&e.test)?, self.expr(&e.body)?, self.expr(&e.orelse)?);
                self.node("IfExp", range, vec![t, b, o])
            }
            Expr::Dict(e) => {
                let k = self.list(&e.items, |b, i| b.maybe(i.key.as_ref()))?;
                let v = self.list(&e.items, |b, i| b.expr(&i.value))?;
                self.node("Dict", range, vec![k, v])
            }
            Expr::Set(e) => {
                let v = self.exprs(&e.elts)?;
                self.node("Set", range, vec![v])
            }
            Expr::ListComp(e) => {
                let (v, g) = (self.expr(&e.elt)?, self.generators(&e.generators)?);
                self.node("ListComp", range, vec![v, g])
            }
            Expr::SetComp(e) => {
                let (v, g) = (self.expr(&e.elt)?, self.generators(&e.generators)?);
                self.node("SetComp", range, vec![v, g])
            }
            Expr::DictComp(e) => {
                let (k, v) = (self.maybe(e.key.as_deref())?, self.expr(&e.value)?);
                let g = self.generators(&e.generators)?;
                self.node("DictComp", range, vec![k, v, g])
            }
            Expr::Generator(e) => self.generator(e, r),
            Expr::Await(e) => {
                let v = self.expr(&e.value)?;
                self.node("Await", range, vec![v])
            }
            Expr::Yield(e) => {
                let v = self.maybe(e.value.as_deref())?;
                self.node("Yield", range, vec![v])
            }
            Expr::YieldFrom(e) => {
                let v = self.expr(&e.value)?;
                self.node("YieldFrom", range, vec![v])
            }
            Expr::Compare(e) => {
                let left = self.expr(&e.left)?;
                let (ops, right) = (self.list(&e.ops, Self::cmp_op)?, self.exprs(&e.comparators)?);
                self.node("Compare", range, vec![left, ops, right])
            }
            Expr::Call(e) => {
                let f = self.expr(&e.func)?;
                let all = e.arguments.range;
                let args = self.list(&e.arguments.args, |b, a| match a {
                    // The call's parentheses are its own.
                    Expr::Generator(g) if !g.parenthesized => b.generator(g, all),
                    a => b.expr(a),
                })?;
                let keywords = self.list(&e.arguments.keywords, Self::keyword)?;
                self.node("Call", range, vec![f, args, keywords])
            }
            Expr::FString(e) => {
                let parts = self.fstring(e)?;
                self.node("JoinedStr", range, vec![parts])
            }
            Expr::TString(e) => {
                let mut parts = Parts::default();
                for t in e.value.iter() {
                    self.elements(&t.elements, ast::AnyStringFlags::from(t.flags), true, &mut parts)?;
                }
                let parts = self.finish(parts)?;
                self.node("TemplateStr", range, vec![parts])
            }
            Expr::StringLiteral(e) => {
                let text = codegen::string_literal_value(&self.source, &e.value);
                let v = self.vm.wtf8_buf(text);
                let kind = if e.value.is_unicode() { self.vm.intern("u") } else { Value::NONE };
                self.constant(r, v, kind)
            }
            Expr::BytesLiteral(e) => {
                let bytes: Vec<u8> = e.value.bytes().collect();
                let v = self.vm.bytes(&bytes);
                self.constant(r, v, Value::NONE)
            }
            Expr::NumberLiteral(e) => {
                let v = match &e.value {
                    ast::Number::Int(i) => {
                        let Ok(big) = codegen::compile::ruff_int_to_bigint(i) else {
                            return self.vm.fail("SyntaxError", "invalid decimal literal");
                        };
                        let Ok(big) = big.to_string().parse() else {
                            return self.vm.fail("SyntaxError", "invalid decimal literal");
                        };
                        self.vm.big(big)
                    }
                    ast::Number::Float(f) => Value::float(*f),
                    ast::Number::Complex { real, imag } => {
                        crate::code::complex_constant(self.vm, *real, *imag)?
                    }
                };
                self.constant(r, v, Value::NONE)
            }
            Expr::BooleanLiteral(e) => self.constant(r, Value::bool(e.value), Value::NONE),
            Expr::NoneLiteral(_) => self.constant(r, Value::NONE, Value::NONE),
            Expr::EllipsisLiteral(_) => self.constant(r, Value::ELLIPSIS, Value::NONE),
            Expr::Constant(e) => {
                let v = self.constant_value(&e.value)?;
                self.constant(r, v, Value::NONE)
            }
            Expr::Attribute(e) => {
                let (v, n, c) = (self.expr(&e.value)?, self.name(&e.attr), self.context(e.ctx)?);
                self.node("Attribute", range, vec![v, n, c])
            }
            Expr::Subscript(e) => {
                let (v, s, c) = (self.expr(&e.value)?, self.expr(&e.slice)?, self.context(e.ctx)?);
                self.node("Subscript", range, vec![v, s, c])
            }
            Expr::Starred(e) => {
                let (v, c) = (self.expr(&e.value)?, self.context(e.ctx)?);
                self.node("Starred", range, vec![v, c])
            }
            Expr::Name(e) => {
                let (n, c) = (self.vm.intern(e.id.as_str()), self.context(e.ctx)?);
                self.node("Name", range, vec![n, c])
            }
            Expr::List(e) => {
                let (v, c) = (self.exprs(&e.elts)?, self.context(e.ctx)?);
                self.node("List", range, vec![v, c])
            }
            Expr::Tuple(e) => {
                let (v, c) = (self.exprs(&e.elts)?, self.context(e.ctx)?);
                self.node("Tuple", range, vec![v, c])
            }
            Expr::Slice(e) => {
                let (a, b) = (self.maybe(e.lower.as_deref())?, self.maybe(e.upper.as_deref())?);
                let c = self.maybe(e.step.as_deref())?;
                self.node("Slice", range, vec![a, b, c])
            }
            Expr::IpyEscapeCommand(_) => self.vm.fail("SyntaxError", "invalid syntax"),
        }
    }

    fn constant_value(&mut self, c: &ast::ConstantValue) -> R<Value> {
        use ast::ConstantValue as C;
        Ok(match c {
            C::None => Value::NONE,
            C::Boolean(b) => Value::bool(*b),
            C::Str(s) => self.vm.str(s),
            C::Bytes(b) => self.vm.bytes(b),
            C::Integer(s) => {
                let big = s.parse().unwrap_or_default();
                self.vm.big(big)
            }
            C::Float(f) => Value::float(*f),
            C::Complex { real, imag } => crate::code::complex_constant(self.vm, *real, *imag)?,
            C::Ellipsis => Value::ELLIPSIS,
            C::Tuple(t) => {
                let items = t.iter().map(|c| self.constant_value(c)).collect::<R<Vec<_>>>()?;
                self.vm.tuple(items)
            }
            C::Frozenset(t) => {
                let items = t.iter().map(|c| self.constant_value(c)).collect::<R<Vec<_>>>()?;
                let (items, f) = (self.vm.tuple(items), self.vm.builtin("frozenset"));
                self.vm.call(&f, &[items], Kw::NONE)?
            }
        })
    }

    fn generator(&mut self, e: &ast::ExprGenerator, range: TextRange) -> R<Value> {
        let (v, g) = (self.expr(&e.elt)?, self.generators(&e.generators)?);
        self.node("GeneratorExp", Some(range), vec![v, g])
    }
    fn generators(&mut self, all: &[ast::Comprehension]) -> R<Value> {
        self.list(all, |b, c| {
            let (t, i, ifs) = (b.expr(&c.target)?, b.expr(&c.iter)?, b.exprs(&c.ifs)?);
            b.node("comprehension", None, vec![t, i, ifs, Value::small(c.is_async.into())])
        })
    }

    // ---- f-strings
    fn fstring(&mut self, e: &ast::ExprFString) -> R<Value> {
        let mut parts = Parts::default();
        for part in &e.value {
            match part {
                ast::FStringPart::Literal(l) => {
                    let text = codegen::string_literal_part_value(&self.source, l);
                    parts.literal(&text, l.range);
                }
                ast::FStringPart::FString(f) => {
                    self.elements(&f.elements, ast::AnyStringFlags::from(f.flags), false, &mut parts)?;
                }
            }
        }
        self.finish(parts)
    }

    fn elements(
        &mut self,
        all: &[ast::InterpolatedStringElement],
        flags: ast::AnyStringFlags,
        template: bool,
        parts: &mut Parts,
    ) -> R {
        for e in all {
            match e {
                ast::InterpolatedStringElement::Literal(l) => {
                    let text = codegen::interpolated_string_literal_value(&self.source, l, flags);
                    parts.literal(&text, l.range);
                }
                ast::InterpolatedStringElement::Interpolation(i) => {
                    if let Some(d) = &i.debug_text {
                        let (text, range) =
                            codegen::interpolation_debug_text(&self.source, d, i.expression.range());
                        parts.literal(text.as_str().into(), range);
                    }
                    let v = self.interpolation(i, flags, template)?;
                    self.flush(parts)?;
                    parts.done.push(v);
                }
            }
        }
        Ok(())
    }

    fn interpolation(
        &mut self,
        i: &ast::InterpolatedElement,
        flags: ast::AnyStringFlags,
        template: bool,
    ) -> R<Value> {
        let v = self.expr(&i.expression)?;
        let conversion = match i.conversion.to_byte() {
            Some(c) => c as i64,
            // `{x=}` shows the repr, unless it is formatted.
            None if i.debug_text.is_some() && i.format_spec.is_none() => 'r' as i64,
            None => -1,
        };
        let spec = match &i.format_spec {
            Some(s) => {
                let mut parts = Parts::default();
                self.elements(&s.elements, flags, false, &mut parts)?;
                let values = self.finish(parts)?;
                // The colon belongs to it.
                let range = TextRange::new(s.range.start() - TextSize::from(1), s.range.end());
                self.node("JoinedStr", Some(range), vec![values])?
            }
            None => Value::NONE,
        };
        let conversion = Value::small(conversion);
        if template {
            let text = match &i.debug_text {
                Some(d) => d.expression().to_owned(),
                None => self.expression_text(i),
            };
            let text = self.vm.string(text);
            return self.node("Interpolation", Some(i.range), vec![v, text, conversion, spec]);
        }
        self.node("FormattedValue", Some(i.range), vec![v, conversion, spec])
    }

    /// The source between the brace and what follows the expression.
    fn expression_text(&self, i: &ast::InterpolatedElement) -> String {
        let source = self.source.source_text();
        let (start, mut end) = (i.range.start().to_usize() + 1, i.expression.end().to_usize());
        // Parentheses around the expression are part of the text.
        let stop = match &i.format_spec {
            Some(s) => s.range.start().to_usize() - 1,
            None => i.range.end().to_usize() - 1,
        };
        if let Some(rest) = source.get(end..stop) {
            let rest = rest.split('!').next().unwrap_or("");
            end += rest.trim_end().len();
        }
        source.get(start..end).unwrap_or("").trim().to_owned()
    }

    fn flush(&mut self, parts: &mut Parts) -> R {
        if let Some((text, range)) = parts.open.take()
            && !text.is_empty()
        {
            let v = self.vm.wtf8_buf(text);
            let c = self.constant(range, v, Value::NONE)?;
            parts.done.push(c);
        }
        Ok(())
    }
    fn finish(&mut self, mut parts: Parts) -> R<Value> {
        self.flush(&mut parts)?;
        Ok(self.vm.list(parts.done))
    }

    // ---- patterns
    fn patterns(&mut self, all: &[Pattern]) -> R<Value> {
        self.list(all, Self::pattern)
    }
    fn pattern(&mut self, p: &Pattern) -> R<Value> {
        self.vm.guard_native_stack()?;
        let range = Some(p.range());
        match p {
            Pattern::MatchValue(p) => {
                let v = self.expr(&p.value)?;
                self.node("MatchValue", range, vec![v])
            }
            Pattern::MatchSingleton(p) => {
                let v = match p.value {
                    ast::Singleton::None => Value::NONE,
                    ast::Singleton::True => Value::TRUE,
                    ast::Singleton::False => Value::FALSE,
                };
                self.node("MatchSingleton", range, vec![v])
            }
            Pattern::MatchSequence(p) => {
                let v = self.patterns(&p.patterns)?;
                self.node("MatchSequence", range, vec![v])
            }
            Pattern::MatchMapping(p) => {
                let (k, v) = (self.exprs(&p.keys)?, self.patterns(&p.patterns)?);
                let rest = self.maybe_name(p.rest.as_ref());
                self.node("MatchMapping", range, vec![k, v, rest])
            }
            Pattern::MatchClass(p) => {
                let (c, v) = (self.expr(&p.cls)?, self.patterns(&p.arguments.patterns)?);
                let names: Vec<_> = p.arguments.keywords.iter().map(|k| k.attr.clone()).collect();
                let names = self.names(&names);
                let values = self.list(&p.arguments.keywords, |b, k| b.pattern(&k.pattern))?;
                self.node("MatchClass", range, vec![c, v, names, values])
            }
            Pattern::MatchStar(p) => {
                let n = self.maybe_name(p.name.as_ref());
                self.node("MatchStar", range, vec![n])
            }
            Pattern::MatchAs(p) => {
                let v = self.option(p.pattern.as_deref(), Self::pattern)?;
                let n = self.maybe_name(p.name.as_ref());
                self.node("MatchAs", range, vec![v, n])
            }
            Pattern::MatchOr(p) => {
                let v = self.patterns(&p.patterns)?;
                self.node("MatchOr", range, vec![v])
            }
        }
    }
}

/// The values of an f-string: neighbouring literals become one constant.
#[derive(Default)]
struct Parts {
    done: Vec<Value>,
    open: Option<(rustpython_wtf8::Wtf8Buf, TextRange)>,
}

impl Parts {
    fn literal(&mut self, text: &rustpython_wtf8::Wtf8, range: TextRange) {
        match &mut self.open {
            Some((t, r)) => {
                t.push_wtf8(text);
                *r = r.cover(range);
            }
            None => self.open = Some((text.to_owned(), range)),
        }
    }
}
