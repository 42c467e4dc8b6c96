internal import PatchbayCore

/// A processor whose work is done by functions of a library, with the options of one URL.
struct BoundProcessor: Processor {
    let encode: BoundTransform
    let bound: Bound
    let decode: BoundTransform
    let capacity: Capacity
    /// No decoded message is longer, in bytes.
    let maximum: Int
    /// How many times its input a decoded message may be; nil: any.
    let expansion: Int?
    /// For errors.
    let layer: String

    /// How much room the encoder is given.
    enum Bound: Sendable {
        case formula(SizeFormula)
        case function(BoundCall)
    }

    /// How the decoder's room is found.
    enum Capacity: Sendable {
        case prefix(LengthPrefix)
        case function(BoundSize)
        case growth(times: Int)
    }

    var prefix: LengthPrefix? { if case .prefix(let prefix) = capacity { prefix } else { nil } }

    func makeEncoder() throws -> any ProcessorStep { BoundEncoder(self) }

    func makeDecoder() throws -> any ProcessorStep { BoundDecoder(self) }

    /// What a failed call is to the caller.
    func error(_ failure: CallFailure, code: Int128, of transform: BoundTransform, count: Int, isEncoding: Bool) -> PatchbayError {
        let what =
            switch failure {
            case .bufferTooSmall, .tooSmallIfFull: "the room was too small, by a bound of the manifest that is too low"
            case .corrupt: "the message is damaged, or of another format"
            case .truncated: "the message is cut off"
            case .outOfMemory: "there is too little memory"
            case .unsupported: "the message has a length or a feature that the function cannot take"
            case .invalidOption: "it refuses the options of the URL"
            case .unknownSize: "the message does not tell its size"
            case .internal: "it failed"
            }
        return PatchbayError(
            isEncoding ? .encodingFailed : .decodingFailed,
            "a message of \(count) bytes cannot be \(isEncoding ? "encoded" : "decoded"): \(what) (\(transform.name) returned \(code))",
            stage: isEncoding ? .encode : .decode,
            layer: layer
        )
    }
}

/// A function that tells the decoded size of a message.
struct BoundSize: Sendable {
    let call: BoundCall
    let test: BoundTest
    let length: SizeSource
    let failures: [UInt64: CallFailure]
    let otherwise: CallFailure

    /// What a message says of its size.
    enum Answer {
        case size(Int)
        case failed(CallFailure, code: Int128)
    }

    func size(of input: UnsafeRawBufferPointer) -> Answer {
        var frame = CallFrame()
        frame.input = input.baseAddress
        frame.inputLength = input.count
        guard input.count <= call.prepared.longestInput, frame.input != nil else { return .failed(.truncated, code: 0) }
        call.call(&frame)
        let returned = call.result?.value(of: frame.returned) ?? 0
        guard test.holds(after: call, frame) else {
            let bits = call.result?.bits ?? 64
            let mask = bits == 64 ? UInt64.max : (1 << UInt64(bits)) - 1
            return .failed(failures[frame.returned & mask] ?? otherwise, code: returned)
        }
        let size = length == .cell ? Int128(frame.outputLength) : returned
        return size < 0 ? .failed(.corrupt, code: size) : .size(Int(clamping: size))
    }
}
