internal import Glibc

/// Memory that a process holds, from smaps_rollup, which counts pages; the figures in "status" lag behind.
func residentBytes(of process: Int) -> Int {
    guard let file = fopen("/proc/\(process)/smaps_rollup", "r") else { fail("no process \(process), or not ours") }
    defer { fclose(file) }
    var text = [UInt8](repeating: 0, count: 4096)
    let count = fread(&text, 1, text.count, file)
    for line in String(decoding: text[..<count], as: UTF8.self).split(separator: "\n") where line.hasPrefix("Rss:") {
        if let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) { return kibibytes * 1024 }
    }
    fail("no Rss in smaps_rollup")
}

/// Waits, for at most 3 s, until two readings 100 ms apart agree.
func settledResidentBytes(of process: Int) async throws -> Int {
    var last = residentBytes(of: process)
    for _ in 0..<30 {
        try await Task.sleep(for: .milliseconds(100))
        let next = residentBytes(of: process)
        if next == last { break }
        last = next
    }
    return last
}
