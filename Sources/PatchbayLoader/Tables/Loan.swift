internal import CPatchbay
internal import CPatchbayIO
internal import NIOCore
internal import Synchronization

/// The memory that one call lends to a plugin: where it writes its error, its settings, its sink, its tape, its handshake.
///
/// Never freed, and used again for other calls of the same plugin: a pointer that a plugin keeps leads to memory that still is one of
/// these, whose functions then see that the call is over, or that another thread asks, and refuse.
final class Loan: @unchecked Sendable {
    // Sendable: all but `thread` and `contract` is touched by the thread alone that makes the call.

    let contract: PluginContract
    /// Of the call that runs; 0 while none does.
    let thread = Atomic<UInt>(0)
    /// With ``guardBytes`` behind it.
    let error: UnsafeMutablePointer<patchbay_error>
    let settings: UnsafeMutablePointer<patchbay_settings>
    let sink: UnsafeMutablePointer<patchbay_sink>
    let tape: UnsafeMutablePointer<patchbay_tape>
    let handshake: UnsafeMutablePointer<patchbay_handshake>

    @exclusivity(unchecked) var lentSettings = LentSettings()
    @exclusivity(unchecked) var lentSink = LentSink()
    @exclusivity(unchecked) var lentTape = LentTape()
    @exclusivity(unchecked) var lentHandshake = LentHandshake()

    /// Stand behind memory that the plugin writes: who overruns it changes them.
    static let guardWord: UInt64 = 0x5AC3_96F0_0FA5_3C69
    static let guardBytes = 64

    static func writeGuard(_ memory: UnsafeMutableRawPointer, at end: Int) {
        for offset in stride(from: end, to: end + guardBytes, by: 8) {
            memory.storeBytes(of: guardWord, toByteOffset: offset, as: UInt64.self)
        }
    }

    static func guardHolds(_ memory: UnsafeRawPointer, at end: Int) -> Bool {
        var difference: UInt64 = 0
        for offset in stride(from: end, to: end + guardBytes, by: 8) {
            difference |= memory.load(fromByteOffset: offset, as: UInt64.self) ^ guardWord
        }
        return difference == 0
    }

    init(_ contract: PluginContract) {
        self.contract = contract
        let size = MemoryLayout<patchbay_error>.size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size + Self.guardBytes, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size + Self.guardBytes)
        Self.writeGuard(memory, at: size)
        error = memory.bindMemory(to: patchbay_error.self, capacity: 1)
        error.pointee.size = UInt32(size)
        settings = .allocate(capacity: 1)
        sink = .allocate(capacity: 1)
        tape = .allocate(capacity: 1)
        handshake = .allocate(capacity: 1)
        settings.initialize(to: patchbay_settings())
        sink.initialize(to: patchbay_sink())
        tape.initialize(to: patchbay_tape())
        handshake.initialize(to: patchbay_handshake())
        // Never given back: see above.
        let host = Unmanaged.passRetained(self).toOpaque()
        prepareSettings(host)
        prepareSink(host)
        prepareTape(host)
        prepareHandshake(host)
    }

    /// The loan that a host pointer of one of its structures leads to.
    static func of(_ host: UnsafeMutableRawPointer?) -> Loan? {
        host.map { Unmanaged<Loan>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The calling thread is the one whose call this was lent to, and that call runs.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(cpb_thread_id()) }

    /// Notes a breach that a callback saw; the call that runs then fails with it.
    func refuse(_ function: StaticString, _ what: String) -> Int32 {
        contract.breach(function, what)
        return PatchbayStatus.forbidden
    }
}
