//! The codec `charmap`, which goes by a mapping.

use super::Bad;
use crate::error::R;
use crate::object::{Bytes, Str};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8Buf};

const UNDEFINED: &str = "character maps to <undefined>";

impl Vm {
    pub(crate) fn charmap_decode(&mut self, bytes: &[u8], errors: &str, map: &Value) -> R<(Wtf8Buf, usize)> {
        let table: Option<Vec<CodePoint>> = map.get::<Str>().map(|s| s.code_points().collect());
        self.decode_with(bytes, "charmap", errors, &mut |vm, b, at, out| {
            while let Some(&byte) = b.get(*at) {
                let bad = Bad::new(*at, *at + 1, UNDEFINED);
                if let Some(table) = &table {
                    match table.get(byte as usize).filter(|c| c.to_u32() != 0xfffe) {
                        Some(&c) => out.push(c),
                        None => return Ok(Some(bad)),
                    }
                } else {
                    let Some(v) = vm.translation(map, byte as u32)?.filter(|v| !v.is_none()) else {
                        return Ok(Some(bad));
                    };
                    match (v.get::<Str>(), Num::int_of(&v)) {
                        (Some(s), _) if s.bytes() == "\u{fffe}".as_bytes() => return Ok(Some(bad)),
                        (Some(s), _) => out.push_wtf8(s.wtf8()),
                        (_, Some(Num::Int(0xfffe))) => return Ok(Some(bad)),
                        (_, Some(n)) => {
                            match u32::try_from(n.clamp_i64()).ok().and_then(CodePoint::from_u32) {
                                Some(c) => out.push(c),
                                None => {
                                    let m = "character mapping must be in range(0x110000)";
                                    return vm.fail("TypeError", m);
                                }
                            }
                        }
                        _ => {
                            let message = "character mapping must return integer, None or str";
                            return vm.fail("TypeError", message);
                        }
                    }
                }
                *at += 1;
            }
            Ok(None)
        })
    }

    pub(crate) fn charmap_encode(&mut self, s: &Value, errors: &str, map: &Value) -> R<Vec<u8>> {
        self.encode_with(s, "charmap", UNDEFINED, errors, false, &mut |vm, c, out| {
            let Some(v) = vm.translation(map, c.to_u32())?.filter(|v| !v.is_none()) else {
                return Ok(false);
            };
            match (v.get::<Bytes>(), Num::int_of(&v)) {
                (Some(b), _) => out.extend_from_slice(b.as_slice()),
                (_, Some(n)) => match u8::try_from(n.clamp_i64()) {
                    Ok(b) => out.push(b),
                    Err(_) => return vm.fail("TypeError", "character mapping must be in range(256)"),
                },
                _ => {
                    let message = format!(
                        "character mapping must return integer, bytes or None, not {}",
                        vm.type_name(&v)
                    );
                    return vm.fail("TypeError", message);
                }
            }
            Ok(true)
        })
    }
}
