internal import NIOCore
internal import PatchbayCore

/// What the body of a test works with.
struct ConformanceRun: ~Copyable, Sendable {
    let name: String
    let settings: ConformanceSettings

    /// Random numbers of this test alone, so that one test can be repeated without the others.
    func random() -> SeededRandom { SeededRandom(seed: settings.seed, name: name) }

    /// The layer's options: what the author gave, and a secret for the option that takes the password, or, where none does, for every secret
    /// that nobody gave: other secrets may have a form of their own.
    func options(for layer: Layer, secret: String = "a secret of the conformance tests") throws -> Options {
        var written: [(String, String)] = []
        for option in settings.options where option.layer == nil || option.layer == layer.name {
            if option.layer != nil || layer.options.contains(where: { $0.name == option.name }) {
                written.append((option.name, option.value))
            }
        }
        var passwordOption: String?
        if case .authenticator(let traits, _) = layer.maker { passwordOption = traits.passwordOption }
        for option in layer.options
        where option.isSecret && (passwordOption ?? option.name) == option.name && !written.contains(where: { $0.0 == option.name }) {
            written.append((option.name, secret))
        }
        do {
            return try Options(pairs: written, for: layer.options)
        } catch let error as PatchbayError where error.code == .missingOption {
            throw ConformanceSkip(reason: "\(error.message); give it to the tests, as in --option \(layer.name).NAME=VALUE")
        }
    }

    /// Makes what a layer makes, or skips where its options are the reason that it cannot.
    func make<Made>(_ layer: Layer, _ make: (Options) throws -> Made) throws -> Made {
        let options = try options(for: layer)
        do {
            return try make(options)
        } catch let error as PatchbayError where [.missingOption, .invalidOption].contains(error.code) {
            throw ConformanceSkip(reason: "\(error.message); give the tests what it needs, as in --option \(layer.name).NAME=VALUE")
        }
    }

    /// Fails unless the condition holds.
    func check(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConformanceFailure) {
        guard condition else { throw ConformanceFailure(message()) }
    }

    /// Runs what may fail, but only with one of our errors; nil where it did.
    func typed<Result>(_ what: @autoclosure () -> String, _ body: () throws -> Result) throws(ConformanceFailure) -> Result? {
        do {
            return try body()
        } catch is PatchbayError {
            return nil
        } catch {
            throw ConformanceFailure("\(what()) ended with \(type(of: error)), where layers throw PatchbayError alone")
        }
    }

    /// Fails where `body` takes longer than the patience of the settings.
    func within<Result: Sendable>(_ what: String, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let patience = settings.patience
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: patience)
                throw ConformanceFailure("\(what) did not end within \(patience)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw ConformanceFailure("\(what) did not start") }
            return first
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), started from a seed and a name.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64, name: String) {
        // FNV-1a, so that the same name gives the same numbers in every process.
        state = name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Bytes by chance, or `valid` with a few of its bytes changed, dropped, doubled or cut off.
    mutating func hostile(from valid: [[UInt8]], longest: Int = 64) -> [UInt8] {
        guard let valid = valid.randomElement(using: &self), !valid.isEmpty, Bool.random(using: &self) else {
            return bytes(Int.random(in: 0...longest, using: &self))
        }
        var bytes = valid
        for _ in 0...Int.random(in: 0...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(bytes[index], at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }

    /// Bytes that no compression makes smaller.
    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes += $0 } }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Bytes that repeat themselves.
    mutating func repetitive(_ count: Int) -> [UInt8] {
        let words = (0..<16).map { _ in bytes(Int.random(in: 3...12, using: &self)) }
        var result: [UInt8] = []
        while result.count < count { result += words[Int.random(in: 0..<16, using: &self)] }
        result.removeLast(result.count - count)
        return result
    }
}
