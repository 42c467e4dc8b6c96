internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

extension Options {
    /// What the host lends a layer: checked already; its secrets are copied, since they are lent for one call.
    init(_ settings: UnsafePointer<patchbay_settings>, of layer: Layer) throws {
        self.init()
        for option in UnsafeBufferPointer(start: settings.pointee.options, count: Int(settings.pointee.option_count)) {
            guard let name = option.name.map({ String(cString: $0) }) else { continue }
            guard let specification = layer.options.first(where: { $0.name == name }), !specification.isSecret else { continue }
            let text = String(decoding: UnsafeRawBufferPointer(option.text), as: UTF8.self)
            let checked: Checked
            switch specification.kind {
            case _ where specification.isList: checked = .list(list(name) + [text])
            case .text, .choice, .path: checked = .text(text)
            case .flag: checked = .flag(option.integer != 0)
            case .integer, .size, .mode, .byte: checked = .integer(Int(option.integer))
            case .duration: checked = .duration(option.integer < 0 ? nil : .nanoseconds(option.integer))
            }
            values[name] = (checked, .url)
        }
        for specification in layer.options where specification.isSecret {
            var secret = patchbay_bytes()
            let status = settings.pointee.secret?(settings, specification.name, &secret)
            if status == Int32(PATCHBAY_NOT_FOUND) { continue }
            try HostRefusal.check(status)
            values[specification.name] = (.secret(ByteBuffer(bytes: UnsafeRawBufferPointer(secret))), .url)
        }
    }
}

extension UnsafeRawBufferPointer {
    init(_ bytes: patchbay_bytes) { self.init(start: bytes.data, count: bytes.data == nil ? 0 : bytes.count) }
}

extension UnsafeMutablePointer<patchbay_sink> {
    func write(_ buffer: ByteBuffer) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            guard !bytes.isEmpty else { return }
            try HostRefusal.check(pointee.write?(self, bytes.baseAddress, bytes.count))
        }
    }

    func endMessage() throws { try HostRefusal.check(pointee.end_message?(self)) }

    var remaining: Int { pointee.remaining.map { Int(clamping: $0(self)) } ?? 0 }
}
