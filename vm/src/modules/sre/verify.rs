//! Are these codes what `re` makes? Programs can hand anything to `_sre.compile`, and the engine trusts.
//!
//! A walk over the structure: every skip stays inside its block and every block ends as its opcode says.

use rustpython_sre_engine::{SreAtCode, SreCatCode, SreInfo, SreOpcode as Op};

/// Nested blocks; the parser is recursive and stops long before.
const MAX_DEPTH: u32 = 2000;

pub fn valid(code: &[u32], groups: usize) -> bool {
    match code.split_last() {
        Some((&last, body)) if last == Op::SUCCESS as u32 => {
            let mut w = Walk { code: body, at: 0, groups };
            // The SUCCESS that ends it all may be looked at from inside.
            w.block(body.len(), 0).is_some()
        }
        _ => false,
    }
}

struct Walk<'a> {
    code: &'a [u32],
    at: usize,
    groups: usize,
}

impl Walk<'_> {
    fn arg(&mut self, end: usize) -> Option<usize> {
        if self.at >= end {
            return None;
        }
        self.at += 1;
        Some(self.code[self.at - 1] as usize)
    }
    fn op(&mut self, end: usize) -> Option<Op> {
        Op::try_from(self.arg(end)? as u32).ok()
    }
    /// A skip, counted from where it stands: the end of its block.
    fn skip(&mut self, end: usize) -> Option<usize> {
        let here = self.at;
        let to = here.checked_add(self.arg(end)?)?;
        (to <= end && to >= self.at).then_some(to)
    }
    fn expect(&mut self, op: Op, end: usize) -> Option<()> {
        (self.op(end)? == op).then_some(())
    }
    /// A block whose last code is `last`.
    fn closed(&mut self, end: usize, last: Op, depth: u32) -> Option<()> {
        let inner = end.checked_sub(1)?;
        if inner < self.at {
            return None;
        }
        self.block(inner, depth + 1)?;
        self.expect(last, end)
    }

    fn block(&mut self, end: usize, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH || end > self.code.len() {
            return None;
        }
        while self.at < end {
            self.item(end, depth)?;
        }
        (self.at == end).then_some(())
    }

    fn item(&mut self, end: usize, depth: u32) -> Option<()> {
        match self.op(end)? {
            Op::MARK => (self.arg(end)? < 2 * self.groups).then_some(()),
            Op::LITERAL
            | Op::NOT_LITERAL
            | Op::LITERAL_IGNORE
            | Op::NOT_LITERAL_IGNORE
            | Op::LITERAL_LOC_IGNORE
            | Op::NOT_LITERAL_LOC_IGNORE
            | Op::LITERAL_UNI_IGNORE
            | Op::NOT_LITERAL_UNI_IGNORE => self.arg(end).map(drop),
            Op::SUCCESS | Op::FAILURE | Op::ANY | Op::ANY_ALL => Some(()),
            Op::AT => SreAtCode::try_from(self.arg(end)? as u32).ok().map(drop),
            Op::CATEGORY => SreCatCode::try_from(self.arg(end)? as u32).ok().map(drop),
            Op::IN | Op::IN_IGNORE | Op::IN_LOC_IGNORE | Op::IN_UNI_IGNORE => {
                let to = self.skip(end)?;
                self.charset(to)
            }
            Op::INFO => self.info(end),
            Op::BRANCH => self.branches(end, depth),
            Op::REPEAT_ONE | Op::MIN_REPEAT_ONE | Op::POSSESSIVE_REPEAT_ONE => {
                let to = self.skip(end)?;
                self.bounds(to)?;
                // What is repeated is one character.
                self.closed(to, Op::SUCCESS, depth)
            }
            Op::REPEAT => {
                let to = self.skip(end)?;
                self.bounds(to)?;
                self.block(to, depth + 1)?;
                matches!(self.op(end)?, Op::MAX_UNTIL | Op::MIN_UNTIL).then_some(())
            }
            Op::POSSESSIVE_REPEAT => {
                let to = self.skip(end)?;
                self.bounds(to)?;
                self.block(to, depth + 1)?;
                self.expect(Op::SUCCESS, end)
            }
            Op::ATOMIC_GROUP => {
                let to = self.skip(end)?;
                self.closed(to, Op::SUCCESS, depth)
            }
            Op::ASSERT | Op::ASSERT_NOT => {
                let to = self.skip(end)?;
                let back = self.arg(to)?;
                if back & 0x8000_0000 != 0 {
                    return None;
                }
                self.closed(to, Op::SUCCESS, depth)
            }
            Op::GROUPREF | Op::GROUPREF_IGNORE | Op::GROUPREF_LOC_IGNORE | Op::GROUPREF_UNI_IGNORE => {
                (self.arg(end)? < self.groups).then_some(())
            }
            Op::GROUPREF_EXISTS => self.conditional(end, depth),
            _ => None,
        }
    }

    fn bounds(&mut self, end: usize) -> Option<()> {
        let (min, max) = (self.arg(end)?, self.arg(end)?);
        (min <= max).then_some(())
    }

    /// `<skip> body JUMP <to end>` ... `0`.
    fn branches(&mut self, end: usize, depth: u32) -> Option<()> {
        let mut target = None;
        loop {
            let here = self.at;
            let skip = self.arg(end)?;
            if skip == 0 {
                break;
            }
            let next = here.checked_add(skip).filter(|n| *n <= end)?;
            let body = next.checked_sub(2).filter(|b| *b >= self.at)?;
            self.block(body, depth + 1)?;
            self.expect(Op::JUMP, next)?;
            let to = self.at.checked_add(self.arg(next)?)?;
            if *target.get_or_insert(to) != to {
                return None;
            }
        }
        (target? == self.at).then_some(())
    }

    /// `<group> <skip> yes`, or `<group> <skip> yes JUMP <skip> no`; the first skip counts from the group.
    fn conditional(&mut self, end: usize, depth: u32) -> Option<()> {
        let here = self.at;
        if self.arg(end)? >= self.groups {
            return None;
        }
        let to = here.checked_add(self.arg(end)?).filter(|t| *t <= end && *t >= self.at)?;
        let jump = to.checked_sub(2).filter(|&j| j >= self.at && self.code[j] == Op::JUMP as u32);
        match jump {
            Some(j) => {
                let before = self.at;
                if self.block(j, depth + 1).is_some() {
                    self.expect(Op::JUMP, end)?;
                    let no = self.skip(end)?;
                    return self.block(no, depth + 1);
                }
                self.at = before;
                self.block(to, depth + 1)
            }
            None => self.block(to, depth + 1),
        }
    }

    fn info(&mut self, end: usize) -> Option<()> {
        let to = self.skip(end)?;
        let flags = SreInfo::from_bits(self.arg(to)? as u32)?;
        self.arg(to)?;
        self.arg(to)?;
        if flags.contains(SreInfo::PREFIX) {
            let (len, skip) = (self.arg(to)?, self.arg(to)?);
            if len == 0 || skip > len {
                return None;
            }
            for _ in 0..len {
                self.arg(to)?;
            }
            for _ in 0..len {
                if self.arg(to)? >= len {
                    return None;
                }
            }
        }
        if flags.contains(SreInfo::CHARSET) {
            self.charset(to)?;
        }
        (self.at == to).then_some(())
    }

    fn charset(&mut self, end: usize) -> Option<()> {
        loop {
            match self.op(end)? {
                Op::FAILURE => return (self.at == end).then_some(()),
                Op::NEGATE => {}
                Op::LITERAL => drop(self.arg(end)?),
                Op::RANGE | Op::RANGE_UNI_IGNORE => {
                    self.arg(end)?;
                    self.arg(end)?;
                }
                Op::CHARSET => self.jump(8, end)?,
                Op::BIGCHARSET => {
                    let blocks = self.arg(end)?;
                    let at = self.at;
                    self.jump(64, end)?;
                    let indices = self.code[at..self.at].iter().flat_map(|c| c.to_ne_bytes());
                    if indices.into_iter().any(|b| b as usize >= blocks) {
                        return None;
                    }
                    self.jump(blocks.checked_mul(8)?, end)?;
                }
                Op::CATEGORY => drop(SreCatCode::try_from(self.arg(end)? as u32).ok()?),
                _ => return None,
            }
        }
    }
    fn jump(&mut self, n: usize, end: usize) -> Option<()> {
        self.at = self.at.checked_add(n).filter(|a| *a <= end)?;
        Some(())
    }
}
