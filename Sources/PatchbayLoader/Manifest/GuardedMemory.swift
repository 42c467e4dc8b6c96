internal import Glibc
internal import PatchbayCore

/// Memory that ends where a page begins that nobody may touch: one byte too far is a signal at once, not a silent mistake.
struct GuardedMemory: ~Copyable {
    /// The bytes; the last one stands right before the guard page.
    let bytes: UnsafeMutableRawBufferPointer
    private let mapping: UnsafeMutableRawPointer
    private let mapped: Int
    private let page: Int

    /// - Throws: `PatchbayError` with `systemFailure` where the memory cannot be mapped.
    init(count: Int) throws(PatchbayError) {
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        // A page before it is guarded too, and one is there for no bytes at all.
        let inner = max(1, (count + page - 1) / page) * page
        let mapped = inner + 2 * page
        let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw Self.failure("map memory") }
        guard mprotect(memory, page, PROT_NONE) == 0, mprotect(memory + page + inner, page, PROT_NONE) == 0 else {
            munmap(memory, mapped)
            throw Self.failure("guard memory")
        }
        self.page = page
        self.mapped = mapped
        mapping = memory
        bytes = UnsafeMutableRawBufferPointer(start: memory + page + inner - count, count: count)
    }

    /// Fills it, and makes it an input: a function that writes to it is a signal as well.
    func holdInput(_ content: [UInt8]) throws(PatchbayError) {
        bytes.copyBytes(from: content)
        guard mprotect(mapping + page, mapped - 2 * page, PROT_READ) == 0 else { throw Self.failure("protect memory") }
    }

    deinit { munmap(mapping, mapped) }

    private static func failure(_ operation: String) -> PatchbayError {
        PatchbayError(.systemFailure, "cannot \(operation) for a probe: \(String(cString: strerror(errno)))", stage: .plugin)
    }
}
