//! The text form of the IR: a [`Display`](fmt::Display) of a whole [`Func`], and [`parse`] back.
//!
//! ```text
//!   func sum
//!   b0: label @12 (v0:int, v1:int, v2:int)
//!       v3 = ilt v0, v1
//!       guard.true v3 !e0
//!       v5 = iadd.ovf v2, v0 !e1
//!       v6 = load.elem v4, v0 @items+0
//!       jump b0(v6, v1, v5) s2
//!   b1: side e0
//!       exit e2
//!   e0: s0 -> b1
//!   e1: s1
//!   s0: frame code=0 resume=14 prev=12 func=- [v0, own v4, const 0xfffe, null, virtual 7(v1, v2)]
//!       frame code=1 resume=2 prev=0 func=v7 []
//! ```
//!
//! A line is an instruction, `;` starts a comment. The parser numbers values in the order of their
//! definitions, whatever names the text uses; [`renumber`] does the same to a Func, so that
//! `parse(&f.to_string()) == f` for every renumbered `f` (names of blocks, exits and snapshots are indices
//! and stay). Helper names are `&'static str`: parsing a text that has some leaks them, a matter of tests.

use super::{
    Alias, Block, BlockData, BlockKind, Effect, Exit, ExitId, Func, Inst, Op, Place, Ref, SnapFrame, SnapId,
    SnapVal, Snapshot, Term, Ty, ValueDef,
};
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

// ---- printing

impl Display for Func {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "func {}", self.name)?;
        if !self.helpers.is_empty() {
            writeln!(f, "helpers {}", self.helpers.join(", "))?;
        }
        for (k, block) in self.blocks.iter().enumerate() {
            self.fmt_block(f, k, block)?;
        }
        for (k, exit) in self.exits.iter().enumerate() {
            match exit.side {
                Some(side) => writeln!(f, "e{k}: {} -> {side}", exit.snap)?,
                None => writeln!(f, "e{k}: {}", exit.snap)?,
            }
        }
        for (k, snap) in self.snaps.iter().enumerate() {
            if snap.frames.is_empty() {
                writeln!(f, "s{k}: empty")?;
            }
            for (n, frame) in snap.frames.iter().enumerate() {
                match n {
                    0 => writeln!(f, "s{k}: {frame}")?,
                    _ => writeln!(f, "    {frame}")?,
                }
            }
        }
        Ok(())
    }
}

impl Func {
    fn fmt_block(&self, f: &mut Formatter<'_>, k: usize, block: &BlockData) -> fmt::Result {
        write!(f, "b{k}: ")?;
        match block.kind {
            BlockKind::Label { header } => write!(f, "label @{header}")?,
            BlockKind::Side { of } => write!(f, "side {of}")?,
        }
        if !block.params.is_empty() {
            let params: Vec<String> = block.params.iter().map(|&p| format!("{p}:{}", self.ty(p))).collect();
            write!(f, " ({})", params.join(", "))?;
        }
        writeln!(f)?;
        for &r in &block.insts {
            writeln!(f, "    {}", self.inst_text(r))?;
        }
        match &block.term {
            Term::Open => writeln!(f, "    open"),
            Term::Exit(e) => writeln!(f, "    exit {e}"),
            Term::Jump { to, args, snap } => writeln!(f, "    jump {to}({}) {snap}", list(args)),
        }
    }

    /// One instruction, as in the dump.
    pub fn inst_text(&self, r: Ref) -> String {
        let Some(inst) = self.inst(r) else { return format!("{r} = ?") };
        let mut out = String::new();
        if inst.op.result() != Ty::None {
            out += &format!("{r} = ");
        }
        out += inst.op.name();
        let sep = if inst.args().is_empty() { "" } else { " " };
        out += &format!("{sep}{}{}", list(inst.args()), imm_text(inst));
        if let Some(e) = inst.exit {
            out += &format!(" !{e}");
        }
        out
    }
}

fn list<T: Display>(items: &[T]) -> String {
    items.iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

/// Whether the immediate is a memory operand.
fn has_place(op: Op) -> bool {
    op.effect() == Effect::Read || matches!(op, Op::StoreInt | Op::StoreWord | Op::StoreElem)
}

fn imm_text(inst: &Inst) -> String {
    let float = f64::from_bits(inst.imm);
    match inst.op {
        Op::IConst => format!(" {}", inst.imm as i64),
        Op::FConst if float.is_nan() => format!(" {:#x}", inst.imm),
        Op::FConst => format!(" {float:?}"),
        Op::WConst | Op::PConst => format!(" {:#x}", inst.imm),
        Op::BConst => format!(" {}", inst.imm != 0),
        Op::Call1 | Op::Call2 | Op::Call3 | Op::WIsKind => format!(" #{}", inst.imm),
        op if has_place(op) => {
            let place = Place::from_imm(inst.imm);
            format!(" @{}+{}", place.alias.name(), place.offset)
        }
        _ if inst.imm != 0 => format!(" #{:#x}", inst.imm),
        _ => String::new(),
    }
}

impl Display for SnapFrame {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let SnapFrame { code, resume, prev, func, slots } = self;
        write!(f, "frame code={code} resume={resume} prev={prev} func=")?;
        match func {
            SnapVal::Null => write!(f, "-")?,
            func => write!(f, "{func}")?,
        }
        write!(f, " [{}]", list(slots))
    }
}

impl Display for SnapVal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SnapVal::Ref { r, owned: false } => write!(f, "{r}"),
            SnapVal::Ref { r, owned: true } => write!(f, "own {r}"),
            SnapVal::Const(w) => write!(f, "const {w:#x}"),
            SnapVal::Null => write!(f, "null"),
            SnapVal::Virtual { kind, fields } => write!(f, "virtual {kind}({})", list(fields)),
        }
    }
}

// ---- canonical numbers

/// The same function with values numbered in the order of their definitions and unlisted ones dropped.
/// Mentions of dropped values become `v4294967295`, which no check accepts.
pub fn renumber(func: &Func) -> Func {
    let mut out = func.clone();
    let mut names = vec![Ref(u32::MAX); func.values.len()];
    out.values.clear();
    for block in &func.blocks {
        for &r in block.params.iter().chain(&block.insts) {
            names[r.index()] = Ref(out.values.len() as u32);
            out.values.push(func.values[r.index()].clone());
        }
    }
    let name = |r: &mut Ref| *r = names.get(r.index()).copied().unwrap_or(Ref(u32::MAX));
    each_mention(&mut out, name);
    for block in &mut out.blocks {
        block.params.iter_mut().chain(&mut block.insts).for_each(name);
    }
    out
}

/// Calls `f` with every mention of a value: operands, jump arguments, snapshots.
pub fn each_mention(func: &mut Func, mut f: impl FnMut(&mut Ref)) {
    for (def, _) in &mut func.values {
        if let ValueDef::Inst(inst) = def {
            inst.args_mut().iter_mut().for_each(&mut f);
        }
    }
    for block in &mut func.blocks {
        if let Term::Jump { args, .. } = &mut block.term {
            args.iter_mut().for_each(&mut f);
        }
    }
    for frame in func.snaps.iter_mut().flat_map(|s| &mut s.frames) {
        for v in std::iter::once(&mut frame.func).chain(&mut frame.slots) {
            v.each_ref_mut(&mut f);
        }
    }
}

// ---- parsing

/// What is wrong with a text, and in which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub line: usize,
    pub message: String,
}

impl Display for ParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, String>;

/// Reads the text form. Only the syntax is checked here; see [`super::check`].
pub fn parse(text: &str) -> Result<Func, ParseError> {
    let mut parser = Parser::default();
    // Names first: a use may stand above its definition (a jump to a block further down).
    for pass in [Parser::declare, Parser::line] {
        for (k, line) in text.lines().enumerate() {
            let line = line.split(';').next().unwrap_or("").trim();
            if !line.is_empty() {
                pass(&mut parser, Cursor { rest: line })
                    .map_err(|message| ParseError { line: k + 1, message })?;
            }
        }
    }
    Ok(parser.func)
}

#[derive(Default)]
struct Parser {
    func: Func,
    names: HashMap<u32, Ref>,
    defined: u32,
}

/// The rest of one line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let ok = rest.starts_with(token);
        self.rest = if ok { rest[token.len()..].trim_start() } else { rest };
        ok
    }
    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}` at `{}`", self.rest.trim())) }
    }
    /// Letters, digits and what else names and numbers are made of.
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
        let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
        self.rest = &rest[end..];
        &rest[..end]
    }
    fn int(&mut self) -> Parsed<u64> {
        let word = self.word();
        let value = match word.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => word.parse::<i64>().map(|i| i as u64).or_else(|_| word.parse()).ok(),
        };
        value.ok_or_else(|| format!("expected a number, found `{word}`"))
    }
    fn small(&mut self) -> Parsed<u32> {
        u32::try_from(self.int()?).map_err(|_| "the number is too large".into())
    }
    /// `prefix` and an index: `b3`.
    fn index(&mut self, prefix: &str) -> Parsed<u32> {
        let word = self.word();
        let number = word.strip_prefix(prefix).and_then(|n| n.parse().ok());
        number.ok_or_else(|| format!("expected `{prefix}N`, found `{word}`"))
    }
    /// Items separated by commas up to `close`.
    fn list<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut out = vec![];
        while !self.eat(close) {
            if !out.is_empty() {
                self.expect(",")?;
            }
            out.push(item(self)?);
        }
        Ok(out)
    }
    fn end(&mut self) -> Parsed<()> {
        if self.rest.trim().is_empty() { Ok(()) } else { Err(format!("unexpected `{}`", self.rest.trim())) }
    }
    fn key(&mut self, key: &str) -> Parsed<()> {
        self.expect(key).and_then(|()| self.expect("="))
    }
    /// Whether the line starts with an index and a colon: `b0:`.
    fn head(&mut self, prefix: &str) -> Option<u32> {
        let (name, rest) = self.rest.split_once(':')?;
        let number = name.strip_prefix(prefix)?.parse().ok()?;
        self.rest = rest;
        Some(number)
    }
}

fn in_order(found: u32, want: usize, what: &str) -> Parsed<()> {
    if found as usize == want { Ok(()) } else { Err(format!("expected {what}{want}, found {what}{found}")) }
}

impl Parser {
    /// First reading: gives every definition its number.
    fn declare(&mut self, mut line: Cursor<'_>) -> Parsed<()> {
        if line.head("b").is_some() {
            if let Some((_, params)) = line.rest.split_once('(') {
                let mut params = Cursor { rest: params };
                params.list(")", |c| {
                    let name = c.index("v")?;
                    c.expect(":")?;
                    c.word();
                    self.define(Some(name))
                })?;
            }
            return Ok(());
        }
        let starts = |words: &[&str]| {
            let first = line.rest.split_whitespace().next().unwrap_or("");
            words.contains(&first)
        };
        let other = starts(&["func", "helpers", "jump", "exit", "open", "frame"]);
        if other || line.head("e").is_some() || line.head("s").is_some() {
            return Ok(());
        }
        let named = match line.rest.split_once('=') {
            Some((name, _)) => Some(Cursor { rest: name }.index("v")?),
            None => None,
        };
        self.define(named)
    }

    fn define(&mut self, name: Option<u32>) -> Parsed<()> {
        let r = Ref(self.defined);
        self.defined += 1;
        match name.and_then(|n| self.names.insert(n, r).map(|_| n)) {
            Some(twice) => Err(format!("v{twice} is defined twice")),
            None => Ok(()),
        }
    }

    fn value(&self, line: &mut Cursor<'_>) -> Parsed<Ref> {
        let name = line.index("v")?;
        self.names.get(&name).copied().ok_or_else(|| format!("v{name} is defined nowhere"))
    }

    /// Second reading.
    fn line(&mut self, mut line: Cursor<'_>) -> Parsed<()> {
        if let Some(rest) = line.rest.strip_prefix("func") {
            self.func.name = rest.trim().into();
            return Ok(());
        }
        if let Some(rest) = line.rest.strip_prefix("helpers ") {
            let names = rest.split(',').map(|n| &*Box::leak(n.trim().to_string().into_boxed_str()));
            self.func.helpers = names.collect();
            return Ok(());
        }
        if let Some(k) = line.head("b") {
            self.block(k, &mut line)?;
        } else if let Some(k) = line.head("e") {
            in_order(k, self.func.exits.len(), "e")?;
            let snap = SnapId(line.index("s")?);
            let side = if line.eat("->") { Some(Block(line.index("b")?)) } else { None };
            self.func.exits.push(Exit { snap, side });
        } else if let Some(k) = line.head("s") {
            in_order(k, self.func.snaps.len(), "s")?;
            self.func.snaps.push(Snapshot::default());
            if !line.eat("empty") {
                self.frame(&mut line)?;
            }
        } else if line.rest.starts_with("frame ") {
            self.frame(&mut line)?;
        } else {
            self.inst_or_term(&mut line)?;
        }
        line.end()
    }

    fn block(&mut self, k: u32, line: &mut Cursor<'_>) -> Parsed<()> {
        in_order(k, self.func.blocks.len(), "b")?;
        let kind = if line.eat("label") {
            line.expect("@")?;
            BlockKind::Label { header: line.small()? }
        } else {
            line.expect("side")?;
            BlockKind::Side { of: ExitId(line.index("e")?) }
        };
        let block = self.func.new_block(kind);
        if line.eat("(") {
            line.list(")", |c| {
                c.index("v")?;
                c.expect(":")?;
                let ty = c.word();
                let ty = Ty::parse(ty).ok_or_else(|| format!("no type `{ty}`"))?;
                self.func.new_param(block, ty);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn inst_or_term(&mut self, line: &mut Cursor<'_>) -> Parsed<()> {
        let block = Block((self.func.blocks.len() as u32).checked_sub(1).ok_or("expected `b0:` first")?);
        if self.func.block(block).term != Term::Open {
            return Err(format!("{block} has ended"));
        }
        let text = line.rest;
        let mut word = line.word();
        let term = match word {
            "open" => return Ok(()),
            "exit" => Term::Exit(ExitId(line.index("e")?)),
            "jump" => {
                let to = Block(line.index("b")?);
                line.expect("(")?;
                let args = line.list(")", |c| self.value(c))?;
                Term::Jump { to, args, snap: SnapId(line.index("s")?) }
            }
            _ => {
                let named = text.contains('=');
                if named {
                    line.expect("=")?;
                    word = line.word();
                }
                let op = Op::ALL.iter().copied().find(|op| op.name() == word);
                let op = op.ok_or_else(|| format!("no instruction `{word}`"))?;
                if named != (op.result() != Ty::None) {
                    return Err(format!("`{word}` has {} result", if named { "no" } else { "a" }));
                }
                return self.inst(op, block, line);
            }
        };
        self.func.blocks[block.index()].term = term;
        Ok(())
    }

    fn inst(&mut self, op: Op, block: Block, line: &mut Cursor<'_>) -> Parsed<()> {
        let mut args = vec![];
        for k in 0..op.args().len() {
            if k > 0 {
                line.expect(",")?;
            }
            args.push(self.value(line)?);
        }
        let imm = match op {
            Op::IConst | Op::WConst | Op::PConst => line.int()?,
            Op::BConst if line.eat("true") => 1,
            Op::BConst => line.expect("false").map(|()| 0)?,
            Op::FConst => float(line)?,
            op if has_place(op) => place(line)?,
            _ if line.eat("#") => line.int()?,
            _ => 0,
        };
        let exit = if line.eat("!") { Some(ExitId(line.index("e")?)) } else { None };
        self.func.push(block, op, &args, imm, exit);
        Ok(())
    }

    fn frame(&mut self, line: &mut Cursor<'_>) -> Parsed<()> {
        line.expect("frame")?;
        let mut number = |key: &str| line.key(key).and_then(|()| line.small());
        let (code, resume, prev) = (number("code")?, number("resume")?, number("prev")?);
        line.key("func")?;
        let func = if line.eat("-") { SnapVal::Null } else { self.snap_val(line)? };
        line.expect("[")?;
        let slots = line.list("]", |c| self.snap_val(c))?;
        let snap = self.func.snaps.last_mut().ok_or("a frame before `s0:`")?;
        snap.frames.push(SnapFrame { code, resume, prev, func, slots });
        Ok(())
    }

    fn snap_val(&self, line: &mut Cursor<'_>) -> Parsed<SnapVal> {
        if line.eat("null") {
            Ok(SnapVal::Null)
        } else if line.eat("const ") {
            line.int().map(SnapVal::Const)
        } else if line.eat("virtual ") {
            let kind = u8::try_from(line.int()?).map_err(|_| "a kind is a byte")?;
            line.expect("(")?;
            let fields = line.list(")", |c| self.snap_val(c))?;
            Ok(SnapVal::Virtual { kind, fields })
        } else {
            let owned = line.eat("own ");
            self.value(line).map(|r| SnapVal::Ref { r, owned })
        }
    }
}

fn float(line: &mut Cursor<'_>) -> Parsed<u64> {
    let word = line.word();
    if let Some(bits) = word.strip_prefix("0x") {
        return u64::from_str_radix(bits, 16).map_err(|e| e.to_string());
    }
    word.parse::<f64>().map(f64::to_bits).map_err(|_| format!("`{word}` is no float"))
}

fn place(line: &mut Cursor<'_>) -> Parsed<u64> {
    line.expect("@")?;
    let word = line.word();
    let (name, offset) = word.split_once('+').ok_or("expected `@class+offset`")?;
    let alias = Alias::ALL.iter().copied().find(|a| a.name() == name);
    let alias = alias.ok_or_else(|| format!("no alias class `{name}`"))?;
    let offset = offset.parse().map_err(|_| format!("`{offset}` is no offset"))?;
    Ok(Place { offset, alias }.to_imm())
}
