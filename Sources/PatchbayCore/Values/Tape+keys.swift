extension Tape {
    /// A token whose value is a key twice in the map at `index`, if there is one.
    package func duplicateKey(inMapAt map: Int) -> Token? {
        /// Where each key starts, by its hash; seeded at random, so that a peer cannot aim at collisions.
        var starts: [Int: [Int]] = [:]
        var key = map + 1
        let end = index(after: map)
        while key < end {
            let next = index(after: key)
            var hasher = Hasher()
            for position in key..<next { hash(tokens[position], into: &hasher) }
            let hash = hasher.finalize()
            for other in starts[hash, default: []] where isEqual(valueAt: other, valueAt: key) { return tokens[key] }
            starts[hash, default: []].append(key)
            key = index(after: next)
        }
        return nil
    }

    /// A few words for a key in an error.
    package func summary(of token: Token) -> String {
        switch token.kind {
        case .string, .number: "\"\(text(of: token).prefix(40))\""
        case .int: "\(Int64(bitPattern: token.payload))"
        case .bool: token.detail == 0 ? "false" : "true"
        default: "of kind \(token.kind)"
        }
    }

    private func isEqual(valueAt first: Int, valueAt second: Int) -> Bool {
        let count = index(after: first) - first
        guard index(after: second) - second == count else { return false }
        return (0..<count).allSatisfy { isEqual(tokens[first + $0], tokens[second + $0]) }
    }

    private func isEqual(_ first: Token, _ second: Token) -> Bool {
        guard first.kind == second.kind, first.detail == second.detail, first.length == second.length else { return false }
        switch first.kind {
        case .array, .tuple, .set, .map: return true
        case .null, .bool, .int, .unsigned, .float, .double, .tag, .simple: return first.payload == second.payload
        default:
            return withBytes(of: first) { one in withBytes(of: second) { other in one.elementsEqual(other) } }
        }
    }

    private func hash(_ token: Token, into hasher: inout Hasher) {
        hasher.combine(token.kind)
        hasher.combine(token.detail)
        hasher.combine(token.length)
        switch token.kind {
        case .array, .tuple, .set, .map: break
        case .null, .bool, .int, .unsigned, .float, .double, .tag, .simple: hasher.combine(token.payload)
        default: withBytes(of: token) { hasher.combine(bytes: $0) }
        }
    }
}
