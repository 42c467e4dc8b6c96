internal import CPatchbayIO
internal import Glibc
internal import PatchbayIO

extension OwnedDescriptor {
    /// Opens a path, relative to a folder where one is given; close-on-exec always.
    /// - Returns: nil with `errno` set.
    static func open(_ path: String, flags: CInt, in folder: CInt = AT_FDCWD) -> OwnedDescriptor? {
        let number = openat(folder, path, flags | O_CLOEXEC)
        return number < 0 ? nil : OwnedDescriptor(number)
    }

    /// Names a file without opening it, links not followed: opening a device or a pipe can do something.
    /// - Returns: nil with `errno` set.
    static func naming(_ path: String, in folder: CInt = AT_FDCWD) -> OwnedDescriptor? {
        let number = cpb_open_for_name_in(folder, path)
        guard number < 0 else { return OwnedDescriptor(number) }
        errno = -number
        return nil
    }
}
