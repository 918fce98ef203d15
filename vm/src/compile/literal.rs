//! Errors in the escapes of string literals.

/// What is wrong with the escapes in the body of a str literal.
pub fn unicode_error(body: &str) -> Option<String> {
    // Positions count in the text that the decoder sees: characters beyond ASCII stand there as \UXXXXXXXX.
    let mut at = 0;
    let b = body.as_bytes();
    let mut i = 0;
    let fail = |from: usize, to: usize, why: &str| {
        Some(format!(
            "(unicode error) 'unicodeescape' codec can't decode bytes in position {from}-{to}: {why}"
        ))
    };
    while i < b.len() {
        let c = b[i];
        if c >= 128 {
            at += 10;
            i += 1;
            while i < b.len() && b[i] & 0xc0 == 0x80 {
                i += 1;
            }
            continue;
        }
        if c != b'\\' {
            (i, at) = (i + 1, at + 1);
            continue;
        }
        let &kind = b.get(i + 1)?;
        let (n, why) = match kind {
            b'x' => (2, "truncated \\xXX escape"),
            b'u' => (4, "truncated \\uXXXX escape"),
            b'U' => (8, "truncated \\UXXXXXXXX escape"),
            b'N' => {
                let rest = &body[i + 2..];
                let Some(inner) = rest.strip_prefix('{') else {
                    return fail(at, at + 1, "malformed \\N character escape");
                };
                let Some(end) = inner.find('}') else {
                    return fail(at, at + 2 + inner.len(), "malformed \\N character escape");
                };
                if end == 0 {
                    return fail(at, at + 2, "malformed \\N character escape");
                }
                if !known_name(&inner[..end]) {
                    return fail(at, at + 3 + end, "unknown Unicode character name");
                }
                i += 4 + end;
                at += 4 + end;
                continue;
            }
            // Here the backslash itself stands as \u005c.
            _ if kind >= 128 => {
                (i, at) = (i + 1, at + 6);
                continue;
            }
            _ => {
                (i, at) = (i + 2, at + 2);
                continue;
            }
        };
        let digits = b[i + 2..].iter().take(n).take_while(|d| d.is_ascii_hexdigit()).count();
        if digits < n {
            return fail(at, at + 1 + digits, why);
        }
        if n == 8 && u32::from_str_radix(&body[i + 2..i + 10], 16).is_ok_and(|v| v > 0x10ffff) {
            return fail(at, at + 9, "illegal Unicode character");
        }
        i += 2 + n;
        at += 2 + n;
    }
    None
}

fn known_name(name: &str) -> bool {
    rustpython_unicode::data::lookup_name(name).is_some()
}

/// What is wrong with the escapes in the body of a bytes literal.
pub fn bytes_error(body: &str) -> Option<String> {
    let b = body.as_bytes();
    let mut i = 0;
    while i < b.len() {
        if b[i] != b'\\' {
            i += 1;
            continue;
        }
        if b.get(i + 1) == Some(&b'x') {
            let digits = b[i + 2..].iter().take(2).take_while(|d| d.is_ascii_hexdigit()).count();
            if digits < 2 {
                return Some(format!("(value error) invalid \\x escape at position {i}"));
            }
        }
        i += 2;
    }
    None
}
