internal import Foundation

/// The documents that are measured: what programs send each other, not what a codec is best at.
protocol Shape: Codable, Equatable, Sendable {
    static var name: String { get }
    static var sample: Self { get }
}

/// A small record, some 60 bytes.
struct Record: Shape {
    var id = 4_711
    var name = "worker 17"
    var load = 0.75
    var shard = 3
    var done = false

    static let name = "record"
    static let sample = Record()
}

/// Measurements: half of them rounded, as people write them, half as they were computed; and counters.
struct Series: Shape {
    var name: String
    var values: [Double]
    var counts: [Int]

    static let name = "numbers"
    static let sample: Series = {
        var random = Generator()
        let values = (0..<1000).map { index in
            let value = Double(random.next() >> 11) / 0x1p53 * 200 - 100
            return index.isMultiple(of: 2) ? value : (value * 1000).rounded() / 1000
        }
        let counts = (0..<500).map { _ in Int(truncatingIfNeeded: random.next() >> (24 + random.next() % 40)) }
        return Series(name: "sensor", values: values, counts: counts)
    }()
}

/// A tree of small objects, some 20 kB.
struct Node: Shape {
    var id: Int
    var label: String
    var weight: Double
    var note: String?
    var children: [Node]

    static let name = "tree"
    static let sample: Node = {
        var count = 0
        func make(_ depth: Int) -> Node {
            count += 1
            let id = count
            return Node(
                id: id,
                label: "node \(id)",
                weight: Double(id % 64) / 8,
                note: id.isMultiple(of: 3) ? "seen twice, kept" : nil,
                children: depth == 0 ? [] : (0..<4).map { _ in make(depth - 1) }
            )
        }
        return make(4)
    }()
}

/// 16 KiB of prose: lines, quotes, and a few letters beyond ASCII.
struct Document: Shape {
    var title: String
    var body: String

    static let name = "text"
    static let sample: Document = {
        let sentence = "The harbour master wrote down each ship as it came in, its flag, its load and the hour of the tide"
        var body = ""
        var line = 0
        while body.utf8.count < 16_384 {
            line += 1
            body += sentence
            if line.isMultiple(of: 3) { body += ", and said \"welcome\" to its crew" }
            if line.isMultiple(of: 2) { body += " — in Göteborg as in 大阪" }
            body += ".\n"
        }
        return Document(title: "harbour", body: body)
    }()
}

/// 16 KiB of bytes.
struct Blob: Shape {
    var name: String
    var content: Data

    static let name = "bytes"
    static let sample: Blob = {
        var random = Generator()
        return Blob(name: "image", content: Data((0..<16_384).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }))
    }()
}

/// SplitMix64, so that every run has the same documents.
struct Generator {
    private var state: UInt64 = 0x5EED

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
