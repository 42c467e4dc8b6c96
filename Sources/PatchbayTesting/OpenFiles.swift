internal import Glibc

/// What each descriptor of this process leads to, such as `socket:[4711]`.
package func openFiles() -> Set<String> {
    guard let folder = opendir("/proc/self/fd") else { return [] }
    defer { closedir(folder) }
    var files: Set<String> = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if let descriptor = CInt(name), let file = file(of: descriptor) { files.insert(file) }
    }
    return files
}

/// What one descriptor leads to; nil where it is closed.
package func file(of descriptor: CInt) -> String? {
    var target = [UInt8](repeating: 0, count: 256)
    let count = target.withUnsafeMutableBytes { readlink("/proc/self/fd/\(descriptor)", $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: target[..<count], as: UTF8.self) : nil
}
