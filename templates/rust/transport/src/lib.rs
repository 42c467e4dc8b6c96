//! The transport `acme`, as a plugin for Patchbay: Unix sockets.
//!
//! It hands over descriptors, and the host reads and writes them itself. What takes longer than this, such as dialling through a
//! proxy, runs on a thread of the plugin's own, which calls `done` once it has ended.

mod patchbay;

use patchbay::*;
use std::ffi::{c_char, c_void, CStr, OsStr};
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

const INTERFACE: &CStr = c"patchbay.transport/1";
const THREADS: u32 = THREADS_PARALLEL;

/// What a failed system call means to whoever reads the error.
fn failure(error: io::Error, message: &str) -> Failure {
    let status = match error.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        io::ErrorKind::ConnectionRefused => CONNECTION_REFUSED,
        io::ErrorKind::AddrInUse => ADDRESS_IN_USE,
        io::ErrorKind::PermissionDenied => PERMISSION_DENIED,
        io::ErrorKind::InvalidInput => INVALID,
        _ => FAILED,
    };
    Failure { status, system_error: error.raw_os_error().unwrap_or(0), message: message.into() }
}

/// A connected socket; Rust opens all of them close-on-exec.
fn dial(path: &Path) -> Outcomes<UnixStream> {
    let explain = |error| failure(error, "nobody can be reached at that path; start the listener, or check the path");
    let stream = UnixStream::connect(path).map_err(explain)?;
    stream.set_nonblocking(true).map_err(explain)?;
    Ok(stream)
}

fn listen_on(path: &Path) -> Outcomes<UnixListener> {
    let explain = |error| failure(error, "the path cannot be listened on; stop who listens there, remove the file, or choose another");
    let listener = UnixListener::bind(path).map_err(explain)?;
    listener.set_nonblocking(true).map_err(explain)?;
    Ok(listener)
}

/// A path as a URL writes it.
fn percent_encoded(path: &Path) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    let encode = |byte: &u8| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    path.as_os_str().as_bytes().iter().map(encode).collect()
}

unsafe fn path_of(path: *const c_char) -> PathBuf {
    OsStr::from_bytes(CStr::from_ptr(path).to_bytes()).into()
}

static TABLE: TransportTable = TransportTable {
    size: std::mem::size_of::<TransportTable>() as u32,
    reserved: 0,
    connect,
    // Nothing is ever pending, so there is nothing to cancel or to release; and the host accepts by itself.
    cancel: None,
    release: None,
    listen: Some(listen),
    accept: None,
    close: Some(close),
};

unsafe extern "C" fn connect(
    target: *const Target,
    done: Done,
    context: *mut c_void,
    operation: *mut *mut c_void,
    error: *mut Error,
) -> Status {
    guard(error, || {
        // A Unix socket is connected at once, or not at all.
        let descriptor = dial(&path_of((*target).path))?.into_raw_fd();
        *operation = std::ptr::null_mut();
        let size = std::mem::size_of::<Outcome>() as u32;
        done(context, &Outcome { size, status: OK, descriptor, flags: 0, error: std::ptr::null() });
        Ok(OK)
    })
}

unsafe extern "C" fn listen(target: *const Target, listening: *mut Listening, error: *mut Error) -> Status {
    guard(error, || {
        let path = path_of((*target).path);
        let bound = percent_encoded(&path);
        let listening = &mut *listening;
        if bound.len() >= listening.bound_target.len() {
            return Err(Failure::new(INVALID, "the path is too long"));
        }
        listening.descriptor = listen_on(&path)?.into_raw_fd();
        listening.flags = 0;
        listening.listener = Box::into_raw(Box::new(path)) as *mut c_void;
        listening.bound_target[..bound.len()].copy_from_slice(bound.as_bytes());
        listening.bound_target[bound.len()] = 0;
        Ok(OK)
    })
}

/// The descriptor is the host's; the file is ours.
unsafe extern "C" fn close(listener: *mut c_void) {
    let path = Box::from_raw(listener as *mut PathBuf);
    let _ = std::fs::remove_file(*path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("acme-test-{}-{name}.sock", std::process::id()))
    }

    #[test]
    fn what_is_written_at_one_end_comes_out_of_the_other() {
        let path = path("pair");
        let listener = listen_on(&path).unwrap();
        let mut near = dial(&path).unwrap();
        let mut far = listener.accept().unwrap().0;
        near.write_all(b"ping").unwrap();
        let mut bytes = [0; 4];
        far.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"ping");
        assert_eq!(listen_on(&path).unwrap_err().status, ADDRESS_IN_USE);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn where_nobody_listens_dialling_fails() {
        assert_eq!(dial(&path("nobody")).unwrap_err().status, NOT_FOUND);
    }

    #[test]
    fn a_path_is_written_as_a_url_writes_it() {
        assert_eq!(percent_encoded(Path::new("/a b/ä")), "/a%20b/%C3%A4");
    }
}
