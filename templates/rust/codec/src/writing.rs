//! Tokens, to one message.

use crate::patchbay::*;

/// - `bytes`: those of a token.
pub fn write<'a>(tokens: &[Token], bytes: impl Fn(&Token) -> &'a [u8]) -> Outcomes<Vec<u8>> {
    let mut message = Vec::new();
    // Where the open containers end.
    let mut ends = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            kind::NULL => message.push(b'n'),
            kind::BOOL => message.push(if token.detail == 0 { b'f' } else { b't' }),
            kind::INT => message.extend(format!("i{}e", token.payload as i64).bytes()),
            kind::DOUBLE => message.extend(format!("r{:016x}", token.payload).bytes()),
            kind::FLOAT => message.extend(format!("r{:016x}", f64::from(f32::from_bits(token.payload as u32)).to_bits()).bytes()),
            kind::STRING | kind::BYTES => {
                let letter = if token.kind == kind::STRING { 's' } else { 'b' };
                message.extend(format!("{letter}{}:", token.length).bytes());
                message.extend(bytes(token));
            }
            kind::ARRAY | kind::MAP => {
                message.push(if token.kind == kind::ARRAY { b'l' } else { b'd' });
                ends.push(token.payload);
            }
            _ => return Err(Failure::new(UNFIT, "acme has no form for this kind of value")),
        }
        while ends.last() == Some(&(index as u64 + 1)) {
            message.push(b'e');
            ends.pop();
        }
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{read, Tokens};

    impl Tokens for Vec<Token> {
        fn push(&mut self, token: Token) -> Outcomes<()> {
            Vec::push(self, token);
            Ok(())
        }
        fn count(&self) -> usize {
            self.len()
        }
        fn end_container(&mut self, index: usize, count: u32) {
            self[index].length = count;
            self[index].payload = self.len() as u64;
        }
    }

    fn tokens(message: &[u8]) -> Outcomes<Vec<Token>> {
        let mut tokens = Vec::new();
        read(message, &mut tokens, 8)?;
        Ok(tokens)
    }

    #[test]
    fn each_message_comes_back_as_it_was() {
        for message in ["n", "ltfe", "i-7e", "r3ff0000000000000", "s0:", "ds4:namels6:nägelb2:hiee", "le", "de"] {
            let message = message.as_bytes();
            let bytes = |token: &Token| &message[token.payload as usize..token.payload as usize + token.length as usize];
            assert_eq!(write(&tokens(message).unwrap(), bytes).unwrap(), message);
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for message in ["", "x", "i", "i1", "i01e", "s5:hi", "s-1:", "l", "e", "nn", "di1ee", "r12"] {
            assert_eq!(tokens(message.as_bytes()).unwrap_err().status, CORRUPT, "{message}");
        }
        assert_eq!(tokens(b"s2:\xff\xff").unwrap_err().status, CORRUPT);
        assert_eq!(tokens(b"llllllllln").unwrap_err().status, LIMIT);
    }
}
