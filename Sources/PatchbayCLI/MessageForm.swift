internal import ArgumentParser
internal import NIOCore
internal import Patchbay
internal import PatchbayJSON

/// How messages are printed.
enum MessageForm: String, CaseIterable, ExpressibleByArgument {
    case json, text, hex, base64
}

/// Turns the messages of one connection into lines, and lines into messages.
struct MessageNotation: Sendable {
    /// Codecs whose messages are text for people as they are; the values of all others are read and written as JSON.
    private static let plainCodecs: Set<String> = ["bytes", "text", "null"]

    private let codec: any Codec
    private let isPlain: Bool
    private let form: MessageForm
    private let isForTerminal: Bool

    /// - Parameter form: nil: as fits the codec.
    init(_ connection: Connection, form: MessageForm?, terminal: Terminal) {
        codec = connection.codec
        isPlain = Self.plainCodecs.contains(connection.stack?.layers.first?.name ?? "bytes")
        self.form = form ?? (isPlain ? .text : .json)
        isForTerminal = terminal.isTerminal
    }

    /// Appends a message as one line; nothing on a throw.
    /// - Throws: ``PatchbayError`` where the message does not decode.
    func print(_ message: ByteBuffer, into lines: inout ByteBuffer) throws {
        switch form {
        case .hex: lines.writeString(Self.hexadecimal(message))
        case .base64: _ = message.withUnsafeReadableBytes { lines.writeString(Base64.encode($0)) }
        case .json: append(try JSONNotation.print(codec.decodeValue(from: message)), to: &lines)
        case .text:
            switch try codec.decodeValue(from: message) {
            case .bytes(let bytes) where isForTerminal: append(String(buffer: bytes), to: &lines)
            case .bytes(let bytes): lines.writeImmutableBuffer(bytes)
            case .string(let text): append(text, to: &lines)
            case let value: append(try JSONNotation.print(value), to: &lines)
            }
        }
        lines.writeString("\n")
    }

    private func append(_ text: String, to lines: inout ByteBuffer) {
        lines.writeString(isForTerminal ? Terminal.harmless(text) : text)
    }

    /// Sends a line: the message itself, or JSON for codecs of values, where blank lines are no message.
    func send(_ line: ByteBuffer, to connection: Connection) async throws {
        if isPlain {
            // As bytes wherever they will do: a line may be no UTF-8.
            if codec is BytesCodec { return try await connection.send(bytes: line) }
            return try await connection.send(Value.string(try text(line)))
        }
        let text = try text(line)
        guard !text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return }
        try await connection.send(JSONNotation.parse(text))
    }

    private func text(_ line: ByteBuffer) throws -> String {
        guard let text = String(validating: line.readableBytesView, as: UTF8.self) else {
            throw PatchbayError(.decodingFailed, "the line is not UTF-8", stage: .encode)
        }
        return text
    }

    private static func hexadecimal(_ message: ByteBuffer) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: message.readableBytes * 2) { target in
            var index = 0
            for byte in message.readableBytesView {
                target[index] = digits[Int(byte >> 4)]
                target[index + 1] = digits[Int(byte & 15)]
                index += 2
            }
            return index
        }
    }
}
