//! The processor `acme`, as a plugin for Patchbay: it exclusive-ors every byte with a mask, which hides nothing from anybody.
//!
//! Replace `Step` with yours. A processor that keeps bytes back between two calls keeps them in its step, gives all of them at a flush,
//! and forgets them in `reset`.

mod patchbay;

use patchbay::*;
use std::ffi::{c_void, CStr};

const INTERFACE: &CStr = c"patchbay.processor/1";
const THREADS: u32 = THREADS_INSTANCE;

/// One direction on one connection.
struct Step {
    mask: u8,
}

impl Step {
    fn push(&mut self, input: &[u8]) -> Vec<u8> {
        input.iter().map(|byte| byte ^ self.mask).collect()
    }

    /// Forgets what it kept back: nothing.
    fn reset(&mut self) {}
}

static TABLE: ProcessorTable =
    ProcessorTable { size: std::mem::size_of::<ProcessorTable>() as u32, reserved: 0, create, push, reset, destroy };

unsafe extern "C" fn create(settings: *const Settings, _direction: u32, instance: *mut *mut c_void, error: *mut Error) -> Status {
    guard(error, || {
        let mask = (*settings).integer(c"mask").unwrap_or(0x20) as u8;
        *instance = Box::into_raw(Box::new(Step { mask })) as *mut c_void;
        Ok(OK)
    })
}

unsafe extern "C" fn push(instance: *mut c_void, data: *const u8, count: usize, _flush: u32, sink: *mut Sink, error: *mut Error) -> Status {
    guard(error, || {
        let output = (*(instance as *mut Step)).push(slice(data, count));
        (*sink).put(&output)?;
        Ok(OK)
    })
}

unsafe extern "C" fn reset(instance: *mut c_void, error: *mut Error) -> Status {
    guard(error, || {
        (*(instance as *mut Step)).reset();
        Ok(OK)
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Step));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was() {
        let masked = Step { mask: 0x20 }.push(b"Hello");
        assert_eq!(masked, b"hELLO");
        assert_eq!(Step { mask: 0x20 }.push(&masked), b"Hello");
    }

    #[test]
    fn one_byte_at_a_time_is_the_same_as_all_at_once() {
        let mut step = Step { mask: 0x20 };
        let pieces: Vec<u8> = b"Hello".iter().flat_map(|byte| step.push(&[*byte])).collect();
        assert_eq!(pieces, b"hELLO");
    }
}
