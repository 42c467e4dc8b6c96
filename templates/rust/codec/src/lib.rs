//! The codec `acme`, as a plugin for Patchbay.
//!
//! A letter for each value: n, t, f for null and booleans, i42e, r and 16 hexadecimal digits for a double, s5:hello, b3:… for bytes,
//! l…e for lists, d…e for dictionaries. Replace `reading` and `writing` with your format's, and the metadata's words with yours.

mod patchbay;
mod reading;
mod writing;

use patchbay::*;
use std::ffi::{c_void, CStr};

const INTERFACE: &CStr = c"patchbay.codec/1";
const THREADS: u32 = THREADS_PARALLEL;

/// What an instance knows. It never changes, so any number of calls may use it at once.
struct Codec {
    depth: u32,
}

static TABLE: CodecTable = CodecTable {
    size: std::mem::size_of::<CodecTable>() as u32,
    reserved: 0,
    create,
    decode,
    encode,
    decode_raw: None,
    encode_raw: None,
    destroy,
};

unsafe extern "C" fn create(settings: *const Settings, instance: *mut *mut c_void, error: *mut Error) -> Status {
    guard(error, || {
        // The host checked the range that the metadata declares.
        let depth = (*settings).integer(c"depth").unwrap_or(128) as u32;
        *instance = Box::into_raw(Box::new(Codec { depth })) as *mut c_void;
        Ok(OK)
    })
}

unsafe extern "C" fn decode(instance: *mut c_void, message: *const u8, count: usize, tape: *mut Tape, error: *mut Error) -> Status {
    guard(error, || {
        let tape = &mut *tape;
        let depth = (*(instance as *const Codec)).depth.min(tape.depth_limit);
        reading::read(slice(message, count), tape, depth)?;
        Ok(OK)
    })
}

unsafe extern "C" fn encode(_instance: *mut c_void, tape: *const Tape, sink: *mut Sink, error: *mut Error) -> Status {
    guard(error, || {
        let tape = &*tape;
        (*sink).put(&writing::write(tape.tokens(), |token| tape.bytes(token))?)?;
        Ok(OK)
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Codec));
}
