import NIOCore
import PatchbayCore
import PatchbayJSON

/// Decodes JSON text.
func decode<T: Decodable>(_ type: T.Type, _ text: String, _ codec: JSONCodec = JSONCodec()) throws -> T {
    try codec.decode(type, from: ByteBuffer(string: text))
}

func value(_ text: String, _ codec: JSONCodec = JSONCodec()) throws -> Value {
    try codec.decodeValue(from: ByteBuffer(string: text))
}

/// Encodes to JSON text.
func text(_ value: some Encodable) throws -> String {
    var buffer = ByteBuffer()
    try JSONCodec().encode(value, into: &buffer)
    return String(buffer: buffer)
}

func text(_ value: Value) throws -> String {
    var buffer = ByteBuffer()
    try JSONCodec().encode(value, into: &buffer)
    return String(buffer: buffer)
}

/// The error that `body` throws, where it is one of ours.
func failure(_ body: () throws -> some Any) -> PatchbayError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? PatchbayError
    }
}
