//! The abstract grammar: the one table that the node classes come from.
//!
//! A line is a sum's constructor (or a product, `=` absent): its fields with types, `?` optional, `*` a
//! list, `?*` a list with gaps. Sums and products with a place in the source carry `@`.

/// Rows: name, text behind it. A sum is followed by its constructors, which begin with `|`.
pub const GRAMMAR: &str = "\
mod =
| Module(stmt* body, type_ignore* type_ignores)
| Interactive(stmt* body)
| Expression(expr body)
| FunctionType(expr* argtypes, expr returns)
@stmt =
| FunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params)
| AsyncFunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params)
| ClassDef(identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list, type_param* type_params)
| Return(expr? value)
| Delete(expr* targets)
| Assign(expr* targets, expr value, string? type_comment)
| TypeAlias(expr name, type_param* type_params, expr value)
| AugAssign(expr target, operator op, expr value)
| AnnAssign(expr target, expr annotation, expr? value, int simple)
| For(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
| AsyncFor(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
| While(expr test, stmt* body, stmt* orelse)
| If(expr test, stmt* body, stmt* orelse)
| With(withitem* items, stmt* body, string? type_comment)
| AsyncWith(withitem* items, stmt* body, string? type_comment)
| Match(expr subject, match_case* cases)
| Raise(expr? exc, expr? cause)
| Try(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
| TryStar(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
| Assert(expr test, expr? msg)
| Import(alias* names)
| ImportFrom(identifier? module, alias* names, int? level)
| Global(identifier* names)
| Nonlocal(identifier* names)
| Expr(expr value)
| Pass
| Break
| Continue
@expr =
| BoolOp(boolop op, expr* values)
| NamedExpr(expr target, expr value)
| BinOp(expr left, operator op, expr right)
| UnaryOp(unaryop op, expr operand)
| Lambda(arguments args, expr body)
| IfExp(expr test, expr body, expr orelse)
| Dict(expr?* keys, expr* values)
| Set(expr* elts)
| ListComp(expr elt, comprehension* generators)
| SetComp(expr elt, comprehension* generators)
| DictComp(expr key, expr value, comprehension* generators)
| GeneratorExp(expr elt, comprehension* generators)
| Await(expr value)
| Yield(expr? value)
| YieldFrom(expr value)
| Compare(expr left, cmpop* ops, expr* comparators)
| Call(expr func, expr* args, keyword* keywords)
| FormattedValue(expr value, int conversion, expr? format_spec)
| Interpolation(expr value, constant str, int conversion, expr? format_spec)
| JoinedStr(expr* values)
| TemplateStr(expr* values)
| Constant(constant value, string? kind)
| Attribute(expr value, identifier attr, expr_context ctx)
| Subscript(expr value, expr slice, expr_context ctx)
| Starred(expr value, expr_context ctx)
| Name(identifier id, expr_context ctx)
| List(expr* elts, expr_context ctx)
| Tuple(expr* elts, expr_context ctx)
| Slice(expr? lower, expr? upper, expr? step)
expr_context =
| Load
| Store
| Del
boolop =
| And
| Or
operator =
| Add
| Sub
| Mult
| MatMult
| Div
| Mod
| Pow
| LShift
| RShift
| BitOr
| BitXor
| BitAnd
| FloorDiv
unaryop =
| Invert
| Not
| UAdd
| USub
cmpop =
| Eq
| NotEq
| Lt
| LtE
| Gt
| GtE
| Is
| IsNot
| In
| NotIn
comprehension(expr target, expr iter, expr* ifs, int is_async)
@excepthandler =
| ExceptHandler(expr? type, identifier? name, stmt* body)
arguments(arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr?* kw_defaults, arg? kwarg, expr* defaults)
@arg(identifier arg, expr? annotation, string? type_comment)
@keyword(identifier? arg, expr value)
@alias(identifier name, identifier? asname)
withitem(expr context_expr, expr? optional_vars)
match_case(pattern pattern, expr? guard, stmt* body)
@pattern =
| MatchValue(expr value)
| MatchSingleton(constant value)
| MatchSequence(pattern* patterns)
| MatchMapping(expr* keys, pattern* patterns, identifier? rest)
| MatchClass(expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns)
| MatchStar(identifier? name)
| MatchAs(pattern? pattern, identifier? name)
| MatchOr(pattern* patterns)
type_ignore =
| TypeIgnore(int lineno, string tag)
@type_param =
| TypeVar(identifier name, expr? bound, expr? default_value)
| ParamSpec(identifier name, expr? default_value)
| TypeVarTuple(identifier name, expr? default_value)
";

/// Where nodes of a class with a place stand.
pub const PLACE: [&str; 4] = ["lineno", "col_offset", "end_lineno", "end_col_offset"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    One,
    Optional,
    Many,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: &'static str,
    /// Name of a class of the grammar, or identifier, string, int, constant.
    pub of: &'static str,
    pub count: Count,
}

#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// The sum it belongs to; a sum or product itself: none.
    pub sum: Option<&'static str>,
    pub fields: Vec<Field>,
    /// It (not its sum) has a place.
    pub place: bool,
    pub doc: String,
}

fn fields(text: &'static str) -> Vec<Field> {
    let Some((_, inside)) = text.split_once('(') else { return vec![] };
    let parts = inside.trim_end_matches(')').split(", ");
    let parts = parts.filter_map(|p| p.split_once(' '));
    parts
        .map(|(of, name)| {
            let count = match () {
                _ if of.ends_with('*') => Count::Many,
                _ if of.ends_with('?') => Count::Optional,
                _ => Count::One,
            };
            Field { name, of: of.trim_end_matches(['*', '?']), count }
        })
        .collect()
}

fn name_of(text: &'static str) -> &'static str {
    text.split(['(', ' ']).next().unwrap_or(text)
}

/// The rows in the order of the table.
pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![];
    let (mut sum, mut sum_at): (Option<&'static str>, usize) = (None, 0);
    for line in GRAMMAR.lines() {
        if let Some(text) = line.strip_prefix("| ") {
            let doc = &mut rows[sum_at].doc;
            if doc.ends_with('=') {
                *doc += &format!(" {text}");
            } else if fields(text).is_empty() {
                *doc += &format!(" | {text}");
            } else {
                *doc += &format!("\n| {text}");
            }
            rows.push(Row {
                name: name_of(text),
                sum,
                fields: fields(text),
                place: false,
                doc: text.to_owned(),
            });
            continue;
        }
        let (place, text) = match line.strip_prefix('@') {
            Some(t) => (true, t),
            None => (false, line),
        };
        let is_sum = text.ends_with('=');
        sum = is_sum.then(|| name_of(text));
        sum_at = rows.len();
        rows.push(Row { name: name_of(text), sum: None, fields: fields(text), place, doc: text.to_owned() });
    }
    // Alternatives with fields anywhere stand one below the other, under the first.
    for row in &mut rows {
        if row.doc.contains("\n| ") {
            let indent = " ".repeat(row.name.len() + 1);
            let flat = row.doc.replace(" | ", &format!("\n{indent}| "));
            row.doc = flat.replace("\n| ", &format!("\n{indent}| "));
        }
    }
    rows
}
