extension FuzzSource {
    package mutating func byte() -> UInt8 { UInt8.random(in: .min ... .max, using: &self) }

    /// `count` random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    /// Up to `longest` random bytes, or `valid` with one to four changes.
    package mutating func input(from valid: [UInt8], longest: Int) -> [UInt8] {
        if Bool.random(using: &self) || valid.isEmpty { return bytes(Int.random(in: 0...longest, using: &self)) }
        return changed(valid)
    }

    /// The same from one of several valid inputs.
    package mutating func input(fromAny valid: [[UInt8]], longest: Int) -> [UInt8] {
        input(from: valid.randomElement(using: &self) ?? [], longest: longest)
    }

    /// Some bytes replaced, flipped, dropped, doubled or inserted, or the end cut off.
    private mutating func changed(_ valid: [UInt8]) -> [UInt8] {
        var bytes = valid
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[index] = byte()
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...8, using: &self)))
            case 3: bytes.insert(bytes[index], at: index)
            case 4: bytes.insert(byte(), at: Int.random(in: 0...bytes.count, using: &self))
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }
}
