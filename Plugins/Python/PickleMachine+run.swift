internal import PatchbayCore

extension PickleMachine {
    /// Runs the whole message and gives what it leaves.
    /// - Throws: `decodingFailed` for what is no pickle or more than data, `limitExceeded`.
    mutating func run() throws(PatchbayError) -> Token {
        while position < bytes.count {
            start = position
            let opcode = bytes[position]
            position &+= 1
            switch opcode {
            case PickleOpcode.binInt1:
                push(Token(.int, payload: UInt64(bytes[try take(1)])))
            case PickleOpcode.binInt2:
                push(Token(.int, payload: UInt64(try takeInteger(UInt16.self))))
            case PickleOpcode.binInt:
                push(Token(.int, payload: UInt64(bitPattern: Int64(try takeInteger(Int32.self)))))
            case PickleOpcode.binFloat:
                push(Token(.double, payload: try takeInteger(UInt64.self).byteSwapped))
            case PickleOpcode.shortBinUnicode:
                let count = Int(bytes[try take(1)])
                try pushText(count)
            case PickleOpcode.binUnicode:
                let count = Int(try takeInteger(UInt32.self))
                try pushText(count)
            case PickleOpcode.memoize:
                try put(memoized)
            case PickleOpcode.binGet:
                try get(Int(bytes[try take(1)]))
            case PickleOpcode.longBinGet:
                try get(Int(try takeInteger(UInt32.self)))
            case PickleOpcode.binPut:
                try put(Int(bytes[try take(1)]))
            case PickleOpcode.longBinPut:
                try put(Int(try takeInteger(UInt32.self)))
            case PickleOpcode.mark:
                mark()
            case PickleOpcode.emptyDict:
                pushContainer(.map, from: stack.count)
            case PickleOpcode.emptyList:
                pushContainer(.array, from: stack.count)
            case PickleOpcode.setItems:
                try setItems(from: try popMark())
            case PickleOpcode.setItem:
                guard stack.count &- floor > 2 else { throw underflow() }
                try setItems(from: stack.count &- 2)
            case PickleOpcode.appends:
                try extend(.array, from: try popMark())
            case PickleOpcode.append:
                guard stack.count &- floor > 1 else { throw underflow() }
                try extend(.array, from: stack.count &- 1)
            case PickleOpcode.none:
                push(Token(.null))
            case PickleOpcode.newTrue:
                push(Token(.bool, detail: 1))
            case PickleOpcode.newFalse:
                push(Token(.bool))
            case PickleOpcode.emptyTuple:
                pushContainer(.tuple, from: stack.count)
            case PickleOpcode.tuple1, PickleOpcode.tuple2, PickleOpcode.tuple3:
                let height = stack.count &- Int(opcode &- PickleOpcode.tuple1 &+ 1)
                guard height >= floor else { throw underflow() }
                pushContainer(.tuple, from: height)
            case PickleOpcode.tuple:
                pushContainer(.tuple, from: try popMark())
            case PickleOpcode.long1:
                let count = Int(bytes[try take(1)])
                try pushLong(count)
            case PickleOpcode.stop:
                return try stop()
            default:
                try runRarer(opcode)
            }
        }
        start = position
        throw failure("the pickle has no end")
    }

    private mutating func stop() throws(PatchbayError) -> Token {
        guard marks.count == 0, stack.count == 1 else {
            throw failure("the pickle ends with \(stack.count) values on the stack instead of one")
        }
        guard position == bytes.count else { throw failure("\(bytes.count - position) bytes follow the pickle's end") }
        return stack[0]
    }

    private mutating func runRarer(_ opcode: UInt8) throws(PatchbayError) {
        switch opcode {
        case PickleOpcode.proto:
            let version = bytes[try take(1)]
            guard version <= PickleCodec.protocols.upperBound else {
                throw failure("pickle protocol \(version) is not known; have the peer write at most \(PickleCodec.protocols.upperBound)")
            }
        case PickleOpcode.frame:
            let length = try takeLength()
            guard length <= bytes.count - position else { throw endsEarly() }
        case PickleOpcode.shortBinBytes:
            let count = Int(bytes[try take(1)])
            try pushBytes(.bytes, count)
        case PickleOpcode.binBytes:
            let count = Int(try takeInteger(UInt32.self))
            try pushBytes(.bytes, count)
        case PickleOpcode.binBytes8:
            try pushBytes(.bytes, try takeLength())
        case PickleOpcode.byteArray8:
            tagged &+= 1
            try pushBytes(.namedTag, try takeLength())
        case PickleOpcode.binUnicode8:
            try pushText(try takeLength())
        case PickleOpcode.long4:
            let count = Int(try takeInteger(Int32.self))
            guard count >= 0 else { throw failure("LONG4 has the length \(count)") }
            try pushLong(count)
        case PickleOpcode.emptySet:
            pushContainer(.set, from: stack.count)
        case PickleOpcode.addItems:
            let height = try popMark()
            if height > floor, case let set = stack[height &- 1], set.kind == .set, containers[Int(set.payload)].isFrozen {
                throw failure("items are added to a frozenset")
            }
            try extend(.set, from: height)
        case PickleOpcode.frozenSet:
            tagged &+= 1
            pushContainer(.set, from: try popMark(), isFrozen: true)
        case PickleOpcode.list:
            pushContainer(.array, from: try popMark())
        case PickleOpcode.dict:
            let height = try popMark()
            guard (stack.count - height).isMultiple(of: 2) else { throw failure("a dict has a key without a value") }
            pushContainer(.map, from: height)
        case PickleOpcode.pop:
            if marks.count > 0, stack.count == floor { _ = try popMark() } else { _ = try pop() }
        case PickleOpcode.popMark:
            cut(to: try popMark())
        case PickleOpcode.dup:
            guard stack.count > floor else { throw underflow() }
            try share(stack[stack.count - 1])
        case PickleOpcode.reduce:
            try reduce()
        case PickleOpcode.global:
            let module = try takeLine()
            try pushGlobal("GLOBAL", module: module, name: try takeLine())
        case PickleOpcode.stackGlobal:
            let name = try pop()
            try pushStackGlobal(module: try pop(), name: name)
        case PickleOpcode.int, PickleOpcode.long, PickleOpcode.float, PickleOpcode.string, PickleOpcode.unicode:
            try runText(opcode)
        case PickleOpcode.binString:
            let count = Int(try takeInteger(Int32.self))
            guard count >= 0 else { throw failure("BINSTRING has the length \(count)") }
            try pushOldString(count)
        case PickleOpcode.shortBinString:
            let count = Int(bytes[try take(1)])
            try pushOldString(count)
        case PickleOpcode.get:
            try get(try takeIndex())
        case PickleOpcode.put:
            try put(try takeIndex())
        default:
            if let (name, why) = PickleOpcode.refused(opcode) {
                throw failure("\(name) is refused: \(why), and only data is read; send None, numbers, text, bytes and containers of them")
            }
            throw failure("0x\(String(opcode, radix: 16)) is no opcode of pickle")
        }
    }

    // MARK: Values

    @inline(__always)
    private mutating func setItems(from height: Int) throws(PatchbayError) {
        guard (stack.count &- height) & 1 == 0 else { throw failure("a dict has a key without a value") }
        try extend(.map, from: height)
    }

    @inline(__always)
    private mutating func pushText(_ count: Int) throws(PatchbayError) {
        let at = try take(count)
        guard isValidUTF8(UnsafeRawBufferPointer(rebasing: bytes[at..<(at &+ count)])) else {
            throw failure("text is not UTF-8, or holds half a surrogate pair; send it as bytes")
        }
        push(Token(.string, inMessage: true, length: UInt32(truncatingIfNeeded: count), payload: UInt64(truncatingIfNeeded: at)))
    }

    private mutating func pushBytes(_ kind: Token.Kind, _ count: Int) throws(PatchbayError) {
        let at = try take(count)
        push(Token(kind, inMessage: true, length: UInt32(truncatingIfNeeded: count), payload: UInt64(truncatingIfNeeded: at)))
    }

    /// A `str` of Python 2, which Python 3 reads as ASCII.
    private mutating func pushOldString(_ count: Int) throws(PatchbayError) {
        let at = try take(count)
        guard bytes[at..<(at + count)].allSatisfy({ $0 < 0x80 }) else {
            throw failure("a str of Python 2 is not ASCII; send unicode or bytearray instead")
        }
        push(Token(.string, inMessage: true, length: UInt32(truncatingIfNeeded: count), payload: UInt64(truncatingIfNeeded: at)))
    }

    /// An integer in little-endian two's complement of any length.
    private mutating func pushLong(_ count: Int) throws(PatchbayError) {
        let at = try take(count)
        guard count > 0 else { return push(Token(.int)) }
        let isNegative = bytes[at + count - 1] & 0x80 != 0
        let fill: UInt8 = isNegative ? 0xff : 0
        var end = at + count
        while end > at, bytes[end - 1] == fill { end -= 1 }
        var word: UInt64 = isNegative ? .max : 0
        if end - at <= 8 {
            for index in stride(from: end - 1, through: at, by: -1) { word = word << 8 | UInt64(bytes[index]) }
            if isNegative ? word >> 63 == 1 : word >> 63 == 0 { return push(Token(.int, payload: word)) }
            if !isNegative { return push(Token(.unsigned, payload: word)) }
        }
        var magnitude: [UInt8] = []
        magnitude.reserveCapacity(end - at + 1)
        var carry = isNegative
        for index in at..<end {
            let byte = isNegative ? ~bytes[index] : bytes[index]
            let (sum, overflow) = byte.addingReportingOverflow(carry ? 1 : 0)
            magnitude.append(sum)
            carry = overflow
        }
        if carry { magnitude.append(1) }
        while magnitude.last == 0 { magnitude.removeLast() }
        magnitude.reverse()
        magnitude.withUnsafeBytes { pushArena(isNegative ? .negativeBigInteger : .positiveBigInteger, $0) }
    }

    /// Pushes bytes that are not in the message as they are.
    mutating func pushArena(_ kind: Token.Kind, detail: UInt8 = 0, _ content: UnsafeRawBufferPointer) {
        let at = arena.count
        arena.append(contentsOf: content)
        push(Token(kind, detail: detail, length: UInt32(truncatingIfNeeded: content.count), payload: UInt64(at)))
    }
}
