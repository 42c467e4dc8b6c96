internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

@Suite struct MessagePackWriterTests {
    @Test(
        "a count that comes at the end gives the same message as one that was known",
        arguments: [0, 1, 15, 16, 255, 65_535, 65_536]
    )
    func lateCounts(_ count: Int) throws {
        var writers = [MessagePackWriter(ByteBuffer(string: "x")), MessagePackWriter(ByteBuffer(string: "x"))]
        for (index, known) in [count, nil].enumerated() {
            try writers[index].beginMap(count: known.map { _ in 2 })
            try writers[index].int(1)
            try writers[index].beginSequence(.array, count: known)
            for element in 0..<count { try writers[index].int(Int64(element)) }
            try writers[index].endSequence(.array, count: count)
            try writers[index].int(2)
            try writers[index].beginMap(count: known)
            for element in 0..<count {
                try writers[index].int(Int64(element))
                try writers[index].null()
            }
            try writers[index].endMap(count: count)
            try writers[index].endMap(count: 2)
        }
        let known = try writers[0].finish()
        #expect(try writers[1].finish() == known)
        #expect(known.readableBytesView.first == UInt8(ascii: "x"))
    }

    @Test("a wrong count is an error, and so is a container left open")
    func wrongCounts() throws {
        var writer = MessagePackWriter(ByteBuffer())
        try writer.beginSequence(.array, count: 2)
        #expect(code { try writer.finish() } == .encodingFailed)
        #expect(code { try writer.endSequence(.array, count: 1) } == .encodingFailed)
        #expect(code { try writer.endSequence(.array, count: 1) } == .encodingFailed)
    }

    @Test("tuples and sets become arrays, and small big integers become integers")
    func nearestForms() throws {
        let codec = MessagePackCodec()
        #expect(try codec.message(of: .tuple([.int(1), .set([.int(2)])])).hexadecimal == "92019102")
        #expect(try codec.message(of: .bigInteger(BigInteger(isNegative: true, magnitude: [0, 5]))).hexadecimal == "fb")
        #expect(
            try codec.message(of: .bigInteger(BigInteger(isNegative: true, magnitude: [0x80, 0, 0, 0, 0, 0, 0, 0]))).hexadecimal
                == "d38000000000000000"
        )
    }
}
