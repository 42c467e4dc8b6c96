//! The authenticator `acme`, as a plugin for Patchbay: the dialer says a token that both ends know.
//!
//! It sends the secret as it is, and says so in its metadata, so that Patchbay refuses it over a network without an encrypting layer.
//! A method that proves the knowledge of a secret without sending it binds its proof to the transcript, and gives `export_mac`.

mod patchbay;

use patchbay::*;
use std::ffi::{c_void, CStr};

const INTERFACE: &CStr = c"patchbay.authenticator/1";
const THREADS: u32 = THREADS_INSTANCE;

/// What the listener answers to the right token.
const WELCOME: &[u8] = b"welcome";

/// One end of one authentication.
struct End {
    role: u32,
    token: Vec<u8>,
}

impl End {
    fn new(role: u32, token: Option<Vec<u8>>) -> Outcomes<End> {
        match token {
            Some(token) if !token.is_empty() => Ok(End { role, token }),
            _ => Err(Failure::new(INVALID, "acme needs a token, as in acme.token-file=worker.token")),
        }
    }

    /// Moves on: what to send, and a status.
    fn step(&mut self, message: Option<&[u8]>) -> Outcomes<(Option<&[u8]>, Status)> {
        match (self.role, message) {
            (DIALER, None) => Ok((Some(&self.token), CONTINUE)),
            (DIALER, Some(WELCOME)) => Ok((None, OK)),
            (LISTENER, None) => Ok((None, CONTINUE)),
            (LISTENER, Some(message)) if self.is_token(message) => Ok((Some(WELCOME), OK)),
            (LISTENER, Some(_)) => Err(Failure::new(REFUSED, "the peer's token is another; give both ends the same")),
            _ => Err(Failure::new(CORRUPT, "the listener's answer is none of acme's; check that both ends speak it")),
        }
    }

    /// As long for a token that differs in its first byte as for one that differs in its last.
    fn is_token(&self, message: &[u8]) -> bool {
        message.len() == self.token.len()
            && std::hint::black_box(message.iter().zip(&self.token).fold(0, |difference, (left, right)| difference | (left ^ right))) == 0
    }
}

static TABLE: AuthenticatorTable = AuthenticatorTable {
    size: std::mem::size_of::<AuthenticatorTable>() as u32,
    reserved: 0,
    create,
    step,
    export_mac: None,
    destroy,
};

unsafe extern "C" fn create(handshake: *const Handshake, instance: *mut *mut c_void, error: *mut Error) -> Status {
    guard(error, || {
        let end = End::new((*handshake).role, (*(*handshake).settings).secret(c"token"))?;
        *instance = Box::into_raw(Box::new(end)) as *mut c_void;
        Ok(OK)
    })
}

unsafe extern "C" fn step(
    instance: *mut c_void,
    handshake: *const Handshake,
    message: *const u8,
    count: usize,
    error: *mut Error,
) -> Status {
    guard(error, || {
        let message = (!message.is_null()).then(|| slice(message, count));
        let (output, status) = (*(instance as *mut End)).step(message)?;
        if let Some(output) = output {
            check(((*handshake).send)(handshake, output.as_ptr(), output.len()))?;
        }
        Ok(status)
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut End));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(dialer: &str, listener: &str) -> Outcomes<Status> {
        let mut dialer = End::new(DIALER, Some(dialer.into()))?;
        let mut listener = End::new(LISTENER, Some(listener.into()))?;
        assert_eq!(listener.step(None)?.1, CONTINUE);
        let sent = dialer.step(None)?.0.map(|bytes| bytes.to_vec());
        let (answer, status) = listener.step(sent.as_deref())?;
        assert_eq!(status, OK);
        assert!(dialer.step(Some(b"anything")).is_err());
        dialer.step(answer).map(|(_, status)| status)
    }

    #[test]
    fn the_same_token_at_both_ends_is_accepted() {
        assert_eq!(verdict("open sesame", "open sesame").unwrap(), OK);
    }

    #[test]
    fn another_token_is_refused_and_no_error_holds_one() {
        for token in ["open sesamf", "open"] {
            let failure = verdict(token, "open sesame").unwrap_err();
            assert_eq!(failure.status, REFUSED);
            assert!(!failure.message.contains("sesam"));
        }
    }

    #[test]
    fn without_a_token_it_does_not_start() {
        assert!(End::new(DIALER, None).is_err());
    }
}
