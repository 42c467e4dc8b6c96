//! `patchbay_plugin.h`, version 1.0, in Rust. The header beside this crate says what each function may and must do.
#![allow(dead_code)]

use std::ffi::{c_char, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};

pub const MAJOR: u16 = 1;
pub const MINOR: u16 = 0;
pub const MAGIC: u32 = 0x5042_4159;

/// What a function of a table gives: below 0 a failure, 0 done, above 0 a state.
pub type Status = i32;

pub const OK: Status = 0;
pub const CONTINUE: Status = 1;
pub const FAILED: Status = -1;
pub const INVALID: Status = -2;
pub const UNSUPPORTED: Status = -3;
pub const LIMIT: Status = -4;
pub const CORRUPT: Status = -5;
pub const UNFIT: Status = -6;
pub const REFUSED: Status = -7;
pub const UNREACHABLE: Status = -9;
pub const CONNECTION_REFUSED: Status = -10;
pub const NOT_FOUND: Status = -11;
pub const TIMED_OUT: Status = -12;
pub const CANCELLED: Status = -13;
pub const CLOSED: Status = -14;
pub const ADDRESS_IN_USE: Status = -15;
pub const PERMISSION_DENIED: Status = -16;

pub const THREADS_INSTANCE: u32 = 0;
pub const THREADS_PLUGIN: u32 = 1;
pub const THREADS_PARALLEL: u32 = 2;

pub const DIALER: u32 = 0;
pub const LISTENER: u32 = 1;

// ---- Shared structures ---------------------------------------------------------------------------------------------------

#[repr(C)]
pub struct Bytes {
    pub data: *const u8,
    pub count: usize,
}

#[repr(C)]
pub struct Error {
    pub size: u32,
    pub system_error: i32,
    pub message: [u8; 504],
}

#[repr(C)]
pub struct SettingsOption {
    pub name: *const c_char,
    pub kind: u32,
    pub reserved: u32,
    pub integer: i64,
    pub text: Bytes,
}

#[repr(C)]
pub struct Settings {
    pub size: u32,
    pub option_count: u32,
    pub layer: *const c_char,
    pub options: *const SettingsOption,
    pub host: *mut c_void,
    pub secret: unsafe extern "C" fn(*const Settings, *const c_char, *mut Bytes) -> Status,
}

#[repr(C)]
pub struct Sink {
    pub size: u32,
    pub reserved: u32,
    pub host: *mut c_void,
    pub room: *mut u8,
    pub room_count: usize,
    pub write: unsafe extern "C" fn(*mut Sink, *const u8, usize) -> Status,
    pub reserve: unsafe extern "C" fn(*mut Sink, usize) -> Status,
    pub commit: unsafe extern "C" fn(*mut Sink, usize) -> Status,
    pub end_message: unsafe extern "C" fn(*mut Sink) -> Status,
    pub remaining: unsafe extern "C" fn(*const Sink) -> usize,
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub magic: u32,
    pub major: u16,
    pub minor: u16,
    pub reserved: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub log: unsafe extern "C" fn(*const Host, u32, *const c_char, usize),
    pub stream_pair: unsafe extern "C" fn(*const Host, *mut i32) -> Status,
    pub interface: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub magic: u32,
    pub major: u16,
    pub minor: u16,
    pub threads: u32,
    pub required: u64,
    pub metadata: *const c_char,
    pub interface: unsafe extern "C" fn(*const c_char) -> *const c_void,
}

// What they point to never changes.
unsafe impl Sync for Plugin {}

// ---- The tables ----------------------------------------------------------------------------------------------------------

#[repr(C)]
pub struct ProcessorTable {
    pub size: u32,
    pub reserved: u32,
    pub create: unsafe extern "C" fn(*const Settings, u32, *mut *mut c_void, *mut Error) -> Status,
    pub push: unsafe extern "C" fn(*mut c_void, *const u8, usize, u32, *mut Sink, *mut Error) -> Status,
    pub reset: unsafe extern "C" fn(*mut c_void, *mut Error) -> Status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

pub mod kind {
    pub const NULL: u8 = 0;
    pub const BOOL: u8 = 1;
    pub const INT: u8 = 2;
    pub const UNSIGNED: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const DOUBLE: u8 = 5;
    pub const STRING: u8 = 6;
    pub const BYTES: u8 = 7;
    pub const ARRAY: u8 = 11;
    pub const MAP: u8 = 14;
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Token {
    pub kind: u8,
    pub in_message: u8,
    pub detail: u8,
    pub reserved: u8,
    pub length: u32,
    pub payload: u64,
}

#[repr(C)]
pub struct Tape {
    pub size: u32,
    pub depth_limit: u32,
    pub host: *mut c_void,
    pub tokens: *mut Token,
    pub token_count: usize,
    pub token_capacity: usize,
    pub arena: *mut u8,
    pub arena_count: usize,
    pub arena_capacity: usize,
    pub grow_tokens: unsafe extern "C" fn(*mut Tape, usize) -> Status,
    pub grow_arena: unsafe extern "C" fn(*mut Tape, usize) -> Status,
}

#[repr(C)]
pub struct CodecTable {
    pub size: u32,
    pub reserved: u32,
    pub create: unsafe extern "C" fn(*const Settings, *mut *mut c_void, *mut Error) -> Status,
    pub decode: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut Tape, *mut Error) -> Status,
    pub encode: unsafe extern "C" fn(*mut c_void, *const Tape, *mut Sink, *mut Error) -> Status,
    pub decode_raw: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut Sink, *mut Error) -> Status>,
    pub encode_raw: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut Sink, *mut Error) -> Status>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

#[repr(C)]
pub struct Handshake {
    pub size: u32,
    pub role: u32,
    pub host: *mut c_void,
    pub settings: *const Settings,
    pub transcript: Bytes,
    pub user: Bytes,
    pub peer_address: Bytes,
    pub peer_process: i64,
    pub peer_user: i64,
    pub peer_group: i64,
    pub send: unsafe extern "C" fn(*const Handshake, *const u8, usize) -> Status,
    pub identify: unsafe extern "C" fn(*const Handshake, *const c_char, usize) -> Status,
}

#[repr(C)]
pub struct AuthenticatorTable {
    pub size: u32,
    pub reserved: u32,
    pub create: unsafe extern "C" fn(*const Handshake, *mut *mut c_void, *mut Error) -> Status,
    pub step: unsafe extern "C" fn(*mut c_void, *const Handshake, *const u8, usize, *mut Error) -> Status,
    pub export_mac: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut u8, *mut Error) -> Status>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}

#[repr(C)]
pub struct Target {
    pub size: u32,
    pub port: i32,
    pub settings: *const Settings,
    pub host: *const c_char,
    pub path: *const c_char,
    pub timeout: i64,
}

#[repr(C)]
pub struct Outcome {
    pub size: u32,
    pub status: Status,
    pub descriptor: i32,
    pub flags: u32,
    pub error: *const Error,
}

pub type Done = unsafe extern "C" fn(*mut c_void, *const Outcome);

#[repr(C)]
pub struct Listening {
    pub size: u32,
    pub descriptor: i32,
    pub flags: u32,
    pub reserved: u32,
    pub listener: *mut c_void,
    pub bound_target: [u8; 504],
}

#[repr(C)]
pub struct TransportTable {
    pub size: u32,
    pub reserved: u32,
    pub connect: unsafe extern "C" fn(*const Target, Done, *mut c_void, *mut *mut c_void, *mut Error) -> Status,
    pub cancel: Option<unsafe extern "C" fn(*mut c_void)>,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
    pub listen: Option<unsafe extern "C" fn(*const Target, *mut Listening, *mut Error) -> Status>,
    pub accept: Option<unsafe extern "C" fn(*mut c_void, Done, *mut c_void, *mut *mut c_void, *mut Error) -> Status>,
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
}

// ---- Safe ways to them ---------------------------------------------------------------------------------------------------

/// Why something failed: the status, an errno or 0, and what happened and what to do, with no secret in it.
#[derive(Debug)]
pub struct Failure {
    pub status: Status,
    pub system_error: i32,
    pub message: String,
}

impl Failure {
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Failure { status, system_error: 0, message: message.into() }
    }

    /// Writes itself where the host looks for it.
    ///
    /// # Safety
    /// `error` is NULL or the host's.
    unsafe fn report(&self, error: *mut Error) -> Status {
        if let Some(error) = error.as_mut() {
            error.system_error = self.system_error;
            let mut count = self.message.len().min(error.message.len() - 1);
            while !self.message.is_char_boundary(count) {
                count -= 1;
            }
            error.message[..count].copy_from_slice(&self.message.as_bytes()[..count]);
            error.message[count] = 0;
        }
        self.status
    }
}

pub type Outcomes<T> = Result<T, Failure>;

/// A status of one of the host's functions, as a result.
pub fn check(status: Status) -> Outcomes<Status> {
    match status {
        LIMIT => Err(Failure::new(LIMIT, "more than the host allows; raise max-message if that is intended")),
        status if status < 0 => Err(Failure::new(status, "the host refused a call")),
        status => Ok(status),
    }
}

/// Runs the body of a table's function: no panic leaves it.
///
/// # Safety
/// `error` is NULL or the host's.
pub unsafe fn guard(error: *mut Error, body: impl FnOnce() -> Outcomes<Status>) -> Status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => failure.report(error),
        Err(_) => Failure::new(FAILED, "the plugin panicked; its line is on standard error").report(error),
    }
}

/// Borrowed bytes; `data` may be NULL where `count` is 0.
///
/// # Safety
/// They are valid as long as the result is used.
pub unsafe fn slice<'a>(data: *const u8, count: usize) -> &'a [u8] {
    if data.is_null() || count == 0 {
        &[]
    } else {
        std::slice::from_raw_parts(data, count)
    }
}

impl Settings {
    /// The number of an option: an integer, a size, a byte, nanoseconds.
    pub fn integer(&self, name: &CStr) -> Option<i64> {
        // The host lends as many options as it says, with names that end.
        (0..self.option_count as usize)
            .map(|index| unsafe { &*self.options.add(index) })
            .find(|option| unsafe { CStr::from_ptr(option.name) } == name)
            .map(|option| option.integer)
    }

    /// A copy of a declared secret; none where it is not given.
    pub fn secret(&self, name: &CStr) -> Option<Vec<u8>> {
        let mut bytes = Bytes { data: std::ptr::null(), count: 0 };
        let status = unsafe { (self.secret)(self, name.as_ptr(), &mut bytes) };
        (status == OK).then(|| unsafe { slice(bytes.data, bytes.count) }.to_vec())
    }
}

impl Sink {
    pub fn put(&mut self, bytes: &[u8]) -> Outcomes<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        check(unsafe { (self.write)(self, bytes.as_ptr(), bytes.len()) }).map(|_| ())
    }
}

impl Tape {
    pub fn push(&mut self, token: Token) -> Outcomes<()> {
        if self.token_count == self.token_capacity {
            check(unsafe { (self.grow_tokens)(self, 1) })?;
        }
        unsafe { self.tokens.add(self.token_count).write(token) };
        self.token_count += 1;
        Ok(())
    }

    /// Ends the container whose token is at `index`: `count` values, or pairs, came since.
    pub fn end_container(&mut self, index: usize, count: u32) {
        let end = self.token_count as u64;
        let token = unsafe { &mut *self.tokens.add(index) };
        token.length = count;
        token.payload = end;
    }

    pub fn tokens(&self) -> &[Token] {
        if self.token_count == 0 {
            &[]
        } else {
            unsafe { std::slice::from_raw_parts(self.tokens, self.token_count) }
        }
    }

    /// The bytes of a token of a tape that the host gave: it checked that they lie within the arena.
    pub fn bytes(&self, token: &Token) -> &[u8] {
        let arena = unsafe { slice(self.arena, self.arena_count) };
        &arena[token.payload as usize..token.payload as usize + token.length as usize]
    }
}

// ---- The entry -----------------------------------------------------------------------------------------------------------

/// What `patchbay list` and resolution read from the file, with none of this code run: `metadata.json`, and a NUL.
const TEXT: &str = concat!(include_str!("../metadata.json"), "\0");

#[used]
#[link_section = ".patchbay"]
static METADATA: [u8; TEXT.len()] = {
    let mut bytes = [0; TEXT.len()];
    let mut index = 0;
    while index < bytes.len() {
        bytes[index] = TEXT.as_bytes()[index];
        index += 1;
    }
    bytes
};

static PLUGIN: Plugin = Plugin {
    size: std::mem::size_of::<Plugin>() as u32,
    magic: MAGIC,
    major: MAJOR,
    minor: MINOR,
    threads: crate::THREADS,
    required: 0,
    metadata: &raw const METADATA as *const c_char,
    interface,
};

unsafe extern "C" fn interface(id: *const c_char) -> *const c_void {
    if !id.is_null() && CStr::from_ptr(id) == crate::INTERFACE {
        &raw const crate::TABLE as *const c_void
    } else {
        std::ptr::null()
    }
}

/// The one symbol that the plugin exports.
///
/// # Safety
/// The host's, as the header says.
#[no_mangle]
pub unsafe extern "C" fn patchbay_plugin_entry(host: *const Host, error: *mut Error) -> *const Plugin {
    match host.as_ref() {
        Some(host) if host.magic == MAGIC && host.major == MAJOR => &raw const PLUGIN,
        _ => {
            Failure::new(UNSUPPORTED, "acme is built for version 1 of the plugin interface").report(error);
            std::ptr::null()
        }
    }
}
