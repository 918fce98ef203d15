//! How many words each instruction takes from the stack and leaves on it: the column of the opcode table, read.

use std::sync::OnceLock;

/// An expression over an instruction's argument, in postfix order.
enum Step {
    Number(u64),
    Argument,
    Operator(u8),
}

type Expression = Vec<Step>;

fn precedence(operator: u8) -> u8 {
    match operator {
        b'*' | b'%' => 4,
        b'+' => 3,
        b'>' => 2,
        b'&' => 1,
        _ => 0,
    }
}

/// Infix text to postfix steps. The table is our own: what it does not use is not read.
fn parse(text: &str) -> Expression {
    let (mut out, mut waiting) = (vec![], vec![]);
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() {
        match b[i] {
            b'0'..=b'9' => {
                let n = b[i..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
                let word = &text[i..i + n];
                let value = match word.strip_prefix("0x") {
                    Some(hex) => u64::from_str_radix(hex, 16),
                    None => word.parse(),
                };
                out.push(Step::Number(value.unwrap_or(0)));
                i += n;
                continue;
            }
            b'a' => out.push(Step::Argument),
            b'(' => waiting.push(b'('),
            b')' => {
                while let Some(o) = waiting.pop().filter(|&o| o != b'(') {
                    out.push(Step::Operator(o));
                }
            }
            o @ (b'+' | b'*' | b'%' | b'&' | b'>') => {
                while let Some(&top) = waiting.last()
                    && precedence(top) >= precedence(o)
                {
                    waiting.pop();
                    out.push(Step::Operator(top));
                }
                waiting.push(o);
                // `>>` is two characters.
                i += usize::from(o == b'>');
            }
            _ => {}
        }
        i += 1;
    }
    out.extend(waiting.into_iter().rev().map(Step::Operator));
    out
}

fn value(expression: &Expression, argument: u32) -> u64 {
    let mut stack: Vec<u64> = vec![];
    for step in expression {
        match step {
            Step::Number(n) => stack.push(*n),
            Step::Argument => stack.push(u64::from(argument)),
            Step::Operator(o) => {
                let (y, x) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
                stack.push(match o {
                    b'+' => x + y,
                    b'*' => x * y,
                    b'%' => x % y.max(1),
                    b'&' => x & y,
                    _ => x >> y.min(63),
                });
            }
        }
    }
    stack.pop().unwrap_or(0)
}

macro_rules! texts {
    ($($num:literal $name:ident $module:ident :: $body:ident $caches:literal ($($effect:tt)*) [$($event:ident)?];)*) => {
        const TEXTS: &[(u8, &str)] = &[$(($num, stringify!($($effect)*)),)*];
    };
}
crate::opcodes!(texts);

/// (words taken, words left) by an instruction.
pub fn effect(op: u8, argument: u32) -> (u64, u64) {
    static TABLE: OnceLock<Vec<Option<(Expression, Expression)>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut all: Vec<_> = (0..256).map(|_| None).collect();
        for (op, text) in TEXTS {
            if let Some((takes, leaves)) = text.split_once("->") {
                all[*op as usize] = Some((parse(takes), parse(leaves)));
            }
        }
        all
    });
    match &table[op as usize] {
        Some((takes, leaves)) => (value(takes, argument), value(leaves, argument)),
        None => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::effect;
    use crate::op;

    #[test]
    fn the_table_is_read() {
        assert_eq!(effect(op::BINARY_OP, 3), (2, 1));
        assert_eq!(effect(op::CALL, 3), (5, 1));
        assert_eq!(effect(op::BUILD_INTERPOLATION, 1), (3, 1));
        assert_eq!(effect(op::BUILD_INTERPOLATION, 2), (2, 1));
        assert_eq!(effect(op::LOAD_ATTR, 5), (1, 2));
        assert_eq!(effect(op::BUILD_MAP, 2), (4, 1));
        assert_eq!(effect(op::UNPACK_EX, 0x102), (1, 4));
        assert_eq!(effect(op::COPY, 2), (2, 3));
    }
}
