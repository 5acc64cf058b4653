//! Opcodes that push numbers, text and bytes.

use super::input::Input;
use super::literal::{integer_from_le, unescape, unquote};
use super::machine::Machine;
use super::node::{Arena, Node};
use crate::error::Fault;

impl<'a> Machine<'a> {
    pub(super) fn integer(&mut self, opcode: u8) -> Result<(), Fault> {
        let value = match opcode {
            b'J' => i64::from(self.input.u32()?.cast_signed()),
            b'K' => i64::from(self.input.u8()?),
            b'M' => i64::from(self.input.u16()?),
            0x8a => return self.long(|input| input.u8().map(u64::from)),
            0x8b => return self.long(|input| input.u32().map(u64::from)),
            _ => return self.decimal_integer(),
        };
        self.push(Node::Int(value))
    }

    fn long(
        &mut self,
        len: impl FnOnce(&mut Input<'a>) -> Result<u64, Fault>,
    ) -> Result<(), Fault> {
        let len = len(&mut self.input)?;
        let bytes = self.input.take(len)?;
        self.push(integer_from_le(bytes))
    }

    /// A line of digits; protocol 0 spells the bools `00` and `01`.
    fn decimal_integer(&mut self) -> Result<(), Fault> {
        let line = self.input.text_line()?;
        let digits = line.strip_suffix('L').unwrap_or(line);
        match digits {
            "00" => return self.push_id(Arena::FALSE),
            "01" => return self.push_id(Arena::TRUE),
            _ => {}
        }
        match digits.trim().parse::<i128>() {
            Ok(value) => self.push(integer_from_le(&value.to_le_bytes())),
            Err(_) => Err(self.input.corrupt("a decimal integer of up to 128 bits is expected")),
        }
    }

    pub(super) fn decimal_float(&mut self) -> Result<(), Fault> {
        match self.input.text_line()?.trim().parse() {
            Ok(value) => self.push(Node::Float(value)),
            Err(_) => Err(self.input.corrupt("a decimal number is expected")),
        }
    }

    pub(super) fn text(&mut self, opcode: u8) -> Result<(), Fault> {
        let len = match opcode {
            b'V' => {
                let line =
                    self.input.line()?.iter().map(|&byte| char::from(byte)).collect::<String>();
                let text = unescape(&line);
                return self.push(Node::Str(text.into()));
            }
            b'X' => u64::from(self.input.u32()?),
            0x8c => u64::from(self.input.u8()?),
            _ => self.input.u64()?,
        };
        let text = String::from_utf8_lossy(self.input.take(len)?);
        self.push(Node::Str(text.into()))
    }

    pub(super) fn bytes(&mut self, opcode: u8) -> Result<(), Fault> {
        let len = match opcode {
            b'C' => u64::from(self.input.u8()?),
            b'B' => u64::from(self.input.u32()?),
            _ => self.input.u64()?,
        };
        let bytes = self.input.take(len)?;
        self.push(Node::Bytes(bytes.into()))
    }

    /// Python 2 wrote text and bytes alike: text if it reads as UTF-8.
    pub(super) fn python2_string(&mut self, opcode: u8) -> Result<(), Fault> {
        let raw = match opcode {
            b'S' => {
                let line = self.input.line()?.trim_ascii();
                unquote(line).ok_or_else(|| self.input.corrupt("a quoted string is expected"))?
            }
            b'T' => {
                let len = self.input.u32()?;
                self.input.take(u64::from(len))?.to_vec()
            }
            _ => {
                let len = self.input.u8()?;
                self.input.take(u64::from(len))?.to_vec()
            }
        };
        self.push(match String::from_utf8(raw) {
            Ok(text) => Node::Str(text.into()),
            Err(error) => Node::Bytes(error.into_bytes().into()),
        })
    }
}
