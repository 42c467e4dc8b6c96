internal import CMasking
internal import Glibc
internal import NIOCore
internal import Patchbay
internal import PatchbayLoader

/// What the plugin interface costs: the same work linked in and loaded, one after the other in each round.
@main
enum PluginBench {
    static let usage = """
        usage: plugin-bench HELPER FOLDER [ROUNDS]

        HELPER   the built program patchbay, which runs new plugins in a child first
        FOLDER   absolute, with messagepack.so, masking.so and unix.so (Benchmarks/Plugins), patchbay-simdjson.so and lz4.patchbay.json (Plugins/Bindings)
        """

    static func main() async {
        do {
            let arguments = CommandLine.arguments.dropFirst()
            guard let helper = arguments.first, let folder = arguments.dropFirst().first else { throw Usage() }
            let rounds = arguments.dropFirst(2).first.flatMap { Int($0) } ?? 9
            var registry = Registry.standard
            let files = ["messagepack.so", "masking.so", "unix.so", "patchbay-simdjson.so", "lz4.patchbay.json"].map { "\(folder)/\($0)" }
            let reports = try await registry.loadPlugins(from: PluginSearch(files: files), helper: helper)
            for report in reports where report.state != .ready && report.state != .linked {
                print("\(report.name): \(report.state.word) \(report.state.reason ?? "")")
            }
            try codecs(registry, rounds)
            try documents(registry, rounds)
            try processors(registry, rounds)
            try bound(registry, rounds)
            try await transports(registry, rounds)
        } catch {
            print(error is Usage ? usage : "plugin-bench: \(error)")
            exit(1)
        }
    }

    struct Usage: Error {}

    // MARK: Codecs

    struct Record: Codable {
        var name = "worker 17"
        var job = 4711
        var load = 0.75
        var tags = ["fast", "local", "gpu"]
        var done = false
    }

    struct Table: Codable {
        var rows = (0..<100).map { _ in Record() }
    }

    static func codecs(_ registry: Registry, _ rounds: Int) throws {
        let linked = try codec("msgpack", registry)
        let loaded = try codec("c-msgpack", registry)
        let canonical = try codec("c-msgpack-cbor", registry)
        let cbor = try codec("cbor", registry)
        try shape("record", Record(), 20_000, rounds, linked, loaded, canonical, cbor)
        try shape("100 records", Table(), 300, rounds, linked, loaded, canonical, cbor)
    }

    private static func shape<Value: Codable>(
        _ name: String,
        _ value: Value,
        _ count: Int,
        _ rounds: Int,
        _ linked: any Codec,
        _ loaded: any Codec,
        _ canonical: any Codec,
        _ cbor: any Codec
    ) throws {
        var message = ByteBuffer()
        try linked.encode(value, into: &message)
        try compare(
            "decode, \(name), \(message.readableBytes) B",
            count,
            rounds,
            [
                ("linked, Swift", { for _ in 0..<count { _ = try linked.decode(Value.self, from: message) } }),
                ("loaded, C, tape", { for _ in 0..<count { _ = try loaded.decode(Value.self, from: message) } }),
                (
                    "loaded, C, CBOR",
                    { for _ in 0..<count { _ = try cbor.decode(Value.self, from: canonical.decode(ByteBuffer.self, from: message)) } }
                ),
            ]
        )
        var output = ByteBuffer()
        output.reserveCapacity(1 << 20)
        try compare(
            "encode, \(name)",
            count,
            rounds,
            [
                (
                    "linked, Swift",
                    {
                        for _ in 0..<count {
                            output.clear()
                            try linked.encode(value, into: &output)
                        }
                    }
                ),
                (
                    "loaded, C, tape",
                    {
                        for _ in 0..<count {
                            output.clear()
                            try loaded.encode(value, into: &output)
                        }
                    }
                ),
            ]
        )
    }

    // MARK: Long documents

    struct Prose: Codable {
        var body = String(repeating: "The harbour master wrote down each ship as it came in, its flag and its load.\n", count: 800)
    }

    struct Numbers: Codable {
        var values = (0..<4000).map { Double($0) * 0.731 }
    }

    /// Our JSON, linked, and simdjson's, loaded.
    static func documents(_ registry: Registry, _ rounds: Int) throws {
        let linked = try codec("json", registry)
        let loaded = try codec("simdjson", registry)
        func document<Document: Codable>(_ name: String, _ value: Document, _ count: Int) throws {
            var message = ByteBuffer()
            try linked.encode(value, into: &message)
            try compare(
                "JSON to a Codable, \(name), \(message.readableBytes) B",
                count,
                rounds,
                [
                    ("linked, Swift", { for _ in 0..<count { _ = try linked.decode(Document.self, from: message) } }),
                    ("loaded, simdjson", { for _ in 0..<count { _ = try loaded.decode(Document.self, from: message) } }),
                ]
            )
            try compare(
                "JSON to a Value, \(name), \(message.readableBytes) B",
                count,
                rounds,
                [
                    ("linked, Swift", { for _ in 0..<count { _ = try linked.decodeValue(from: message) } }),
                    ("loaded, simdjson", { for _ in 0..<count { _ = try loaded.decodeValue(from: message) } }),
                ]
            )
        }
        try document("1000 records", Table(rows: (0..<1000).map { _ in Record() }), 20)
        try document("4000 numbers", Numbers(), 50)
        try document("text", Prose(), 200)
    }

    private static func codec(_ name: String, _ registry: Registry) throws -> any Codec {
        guard let layer = registry.layer(named: name)?.layer, case .codec(let make) = layer.maker else { throw Missing(name: name) }
        return try make(try Options([:], for: layer.options))
    }

    struct Missing: Error { var name: String }

    // MARK: Processors

    /// The work of masking.so, linked in.
    struct LinkedMasking: ProcessorStep {
        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            var output = ByteBuffer()
            let count = input.readableBytes
            input.withUnsafeReadableBytes { bytes in
                _ = output.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                    guard let from = bytes.bindMemory(to: UInt8.self).baseAddress, let to = room.bindMemory(to: UInt8.self).baseAddress
                    else {
                        return 0
                    }
                    cmasking_apply(from, to, count)
                    return count
                }
            }
            try sink.emit(output)
        }
    }

    static func processors(_ registry: Registry, _ rounds: Int) throws {
        for (size, count) in [(64, 50_000), (1024, 20_000), (65_536, 400)] {
            let input = ByteBuffer(repeating: 7, count: size)
            var linked: any ProcessorStep = LinkedMasking()
            var loaded = try processor("c-masking", registry).makeEncoder()
            try compare(
                "processor, \(size) B",
                count,
                rounds,
                [
                    ("linked", { for _ in 0..<count { try push(input, &linked) } }),
                    ("loaded", { for _ in 0..<count { try push(input, &loaded) } }),
                ]
            )
        }
    }

    private static func push(_ input: ByteBuffer, _ step: inout any ProcessorStep) throws {
        var sink = ProcessorSink(maximum: 16 << 20)
        try step.push(input, .finish, into: &sink)
    }

    private static func processor(_ name: String, _ registry: Registry) throws -> any Processor {
        guard let layer = registry.layer(named: name)?.layer, case .processor(_, let make) = layer.maker else { throw Missing(name: name) }
        return try make(try Options([:], for: layer.options))
    }

    // MARK: A bound function

    /// LZ4_compress_default, called through a pointer as C does.
    struct DirectLZ4: ProcessorStep {
        typealias Compress = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?, CInt, CInt) -> CInt
        let compress: Compress
        let bound: @convention(c) (CInt) -> CInt

        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            let count = input.readableBytes
            let most = Int(bound(CInt(count)))
            var output = ByteBuffer()
            output.writeInteger(UInt32(count), endianness: .little)
            input.withUnsafeReadableBytes { bytes in
                _ = output.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { room in
                    Int(compress(bytes.baseAddress, room.baseAddress, CInt(count), CInt(clamping: room.count)))
                }
            }
            try sink.emit(output)
        }
    }

    static func bound(_ registry: Registry, _ rounds: Int) throws {
        guard let handle = dlopen("liblz4.so.1", RTLD_NOW), let compress = dlsym(handle, "LZ4_compress_default"),
            let bound = dlsym(handle, "LZ4_compressBound")
        else { return print("liblz4 is not there: the bound function is not measured") }
        var direct: any ProcessorStep = DirectLZ4(
            compress: unsafeBitCast(compress, to: DirectLZ4.Compress.self),
            bound: unsafeBitCast(bound, to: (@convention(c) (CInt) -> CInt).self)
        )
        var loaded = try processor("lz4-block", registry).makeEncoder()
        let input = ByteBuffer(string: "a message of some sixty bytes, as many of them are, here: 64 B")
        let count = 50_000
        try compare(
            "lz4 block, \(input.readableBytes) B",
            count,
            rounds,
            [
                ("direct", { for _ in 0..<count { try push(input, &direct) } }),
                ("bound by manifest", { for _ in 0..<count { try push(input, &loaded) } }),
            ]
        )
    }

    // MARK: Transports

    static func transports(_ registry: Registry, _ rounds: Int) async throws {
        let folder = "/tmp/plugin-bench-\(getpid())"
        guard mkdir(folder, 0o700) == 0 else { throw Missing(name: folder) }
        defer { rmdir(folder) }
        var samples: [String: [Double]] = [:]
        for round in 0..<rounds {
            let order = ["unix", "c-unix"]
            for transport in round.isMultiple(of: 2) ? order : order.reversed() {
                let path = "\(folder)/\(transport)"
                samples[transport, default: []].append(try await roundTrip("\(transport)://\(path)", registry))
                unlink(path)
            }
        }
        report("round trip, 64 B, one process", [("linked", samples["unix"] ?? []), ("loaded, by descriptor", samples["c-unix"] ?? [])])
    }

    /// Nanoseconds for one, both ends on one reactor.
    private static func roundTrip(_ url: String, _ registry: Registry) async throws -> Double {
        let listener = try await Listener.bind(ConnectionURL(url + "?insecure=true"), registry: registry)
        let serving = Task {
            try? await listener.run { connection in
                while let message = try? await connection.receive(as: ByteBuffer.self) { try await connection.send(message) }
            }
        }
        defer { serving.cancel() }
        let count = 20_000
        return try await withConnection(to: ConnectionURL(url + "?insecure=true"), registry: registry) { connection in
            let message = ByteBuffer(repeating: 1, count: 64)
            for _ in 0..<1000 {
                try await connection.send(message)
                _ = try await connection.receive(as: ByteBuffer.self)
            }
            let start = now()
            for _ in 0..<count {
                try await connection.send(message)
                _ = try await connection.receive(as: ByteBuffer.self)
            }
            return Double(now() - start) / Double(count)
        }
    }

    // MARK: Figures

    /// Processor time of this thread, so that what else runs on the machine counts less.
    private static func threadTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func compare(_ name: String, _ count: Int, _ rounds: Int, _ variants: [(String, () throws -> Void)]) throws {
        var samples = variants.map { _ in [Double]() }
        for (_, body) in variants { try body() }
        for round in 0..<rounds {
            for index in round.isMultiple(of: 2) ? Array(variants.indices) : variants.indices.reversed() {
                let start = threadTime()
                try variants[index].1()
                samples[index].append(Double(threadTime() - start) / Double(count))
            }
        }
        report(name, zip(variants, samples).map { ($0.0, $1) })
    }

    /// Medians, and of each but the first the median of its ratios to the first within a round.
    private static func report(_ name: String, _ results: [(String, [Double])]) {
        print(name)
        guard let first = results.first?.1 else { return }
        for (variant, samples) in results {
            let ratio = median(zip(samples, first).map { $0 / $1 })
            let time = median(samples)
            print(
                "  \(variant): \(Int(time)) ns"
                    + (variant == results[0].0 ? "" : ", \(Double(Int(ratio * 1000)) / 1000) x, \(Int(time - median(first))) ns more")
            )
        }
    }

    private static func median(_ samples: [Double]) -> Double {
        let sorted = samples.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}
