//! One message, to tokens. Whatever its bytes are, they come from the network.

use crate::patchbay::*;

/// Where tokens go.
pub trait Tokens {
    fn push(&mut self, token: Token) -> Outcomes<()>;
    fn count(&self) -> usize;
    fn end_container(&mut self, index: usize, count: u32);
}

impl Tokens for Tape {
    fn push(&mut self, token: Token) -> Outcomes<()> {
        Tape::push(self, token)
    }
    fn count(&self) -> usize {
        self.token_count
    }
    fn end_container(&mut self, index: usize, count: u32) {
        Tape::end_container(self, index, count)
    }
}

pub fn read(message: &[u8], tokens: &mut impl Tokens, depth: u32) -> Outcomes<()> {
    let mut reader = Reader { bytes: message, position: 0, depth };
    reader.value(tokens, 0)?;
    if reader.position == message.len() {
        Ok(())
    } else {
        Err(corrupt("there is more behind the value"))
    }
}

fn corrupt(message: &str) -> Failure {
    Failure::new(CORRUPT, message)
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: u32,
}

impl Reader<'_> {
    fn value(&mut self, tokens: &mut impl Tokens, depth: u32) -> Outcomes<()> {
        let letter = *self.bytes.get(self.position).ok_or_else(|| corrupt("the message ends before its value does"))?;
        self.position += 1;
        let mut token = Token::default();
        match letter {
            b'n' => token.kind = kind::NULL,
            b't' | b'f' => {
                token.kind = kind::BOOL;
                token.detail = (letter == b't') as u8;
            }
            b'i' => {
                token.kind = kind::INT;
                token.payload = self.integer(b'e')? as u64;
            }
            b'r' => {
                token.kind = kind::DOUBLE;
                token.payload = self.bits()?;
            }
            b's' => token = self.counted(kind::STRING)?,
            b'b' => token = self.counted(kind::BYTES)?,
            b'l' => return self.container(kind::ARRAY, tokens, depth),
            b'd' => return self.container(kind::MAP, tokens, depth),
            _ => return Err(corrupt("no value begins with that byte")),
        }
        tokens.push(token)
    }

    /// Values up to an `e`; a dictionary's come in pairs.
    fn container(&mut self, kind: u8, tokens: &mut impl Tokens, depth: u32) -> Outcomes<()> {
        if depth >= self.depth {
            return Err(Failure::new(LIMIT, "the message is nested too deep; raise acme.depth"));
        }
        let index = tokens.count();
        tokens.push(Token { kind, ..Token::default() })?;
        let mut values = 0;
        while self.bytes.get(self.position) != Some(&b'e') {
            self.value(tokens, depth + 1)?;
            values += 1;
        }
        self.position += 1;
        if kind == kind::MAP && values % 2 != 0 {
            return Err(corrupt("a dictionary ends between a key and its value"));
        }
        tokens.end_container(index, if kind == kind::MAP { values / 2 } else { values });
        Ok(())
    }

    /// A decimal number that `end` follows. One way to write each: no plus sign, no leading zero, no minus zero.
    fn integer(&mut self, end: u8) -> Outcomes<i64> {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().take(21).position(|byte| *byte == end).ok_or_else(|| corrupt("an integer is due"))?;
        let text = std::str::from_utf8(&rest[..length]).map_err(|_| corrupt("an integer is due"))?;
        let number: i64 = text.parse().map_err(|_| corrupt("an integer is due"))?;
        if number.to_string() != text {
            return Err(corrupt("an integer has one form"));
        }
        self.position += length + 1;
        Ok(number)
    }

    fn bits(&mut self) -> Outcomes<u64> {
        let digits = self.bytes.get(self.position..self.position + 16).ok_or_else(|| corrupt("16 hexadecimal digits are due"))?;
        let mut bits = 0;
        for digit in digits {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return Err(corrupt("16 hexadecimal digits are due")),
            };
            bits = bits << 4 | u64::from(value);
        }
        self.position += 16;
        Ok(bits)
    }

    /// A length, a colon, and so many bytes, which stay where they are.
    fn counted(&mut self, kind: u8) -> Outcomes<Token> {
        let too_long = || corrupt("a text is longer than the message");
        let length = u32::try_from(self.integer(b':')?).map_err(|_| too_long())?;
        let end = self.position.checked_add(length as usize).ok_or_else(too_long)?;
        let bytes = self.bytes.get(self.position..end).ok_or_else(too_long)?;
        // The host checks text too; found here, the error can say more.
        if kind == kind::STRING && std::str::from_utf8(bytes).is_err() {
            return Err(corrupt("text is not UTF-8"));
        }
        let token = Token { kind, in_message: 1, length, payload: self.position as u64, ..Token::default() };
        self.position = end;
        Ok(token)
    }
}
