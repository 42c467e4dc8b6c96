internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// `patchbay.authenticator/1` over any ``Authenticator``.
enum AuthenticatorTable {
    // Never written again.
    nonisolated(unsafe) static let table = Lasting.value(
        patchbay_authenticator(
            size: UInt32(MemoryLayout<patchbay_authenticator>.size),
            reserved: 0,
            create: { handshake, instance, error in
                guard let handshake, let instance, let error else { return Status.invalid }
                return error.guarding {
                    instance.pointee = Instance.handle(try ExportedHandshake(handshake))
                    return Status.done
                }
            },
            step: { instance, handshake, message, count, error in
                guard let instance, let handshake, let error else { return Status.invalid }
                return error.guarding {
                    let input = message.map { ByteBuffer(bytes: UnsafeRawBufferPointer(start: $0, count: count)) }
                    return try Instance.of(ExportedHandshake.self, instance).step(input, handshake)
                }
            },
            export_mac: { instance, data, count, mac, error in
                guard let instance, let mac, let error else { return Status.invalid }
                return error.guarding {
                    let handshake = Instance.of(ExportedHandshake.self, instance)
                    let bytes = try handshake.exportedMAC(ByteBuffer(bytes: UnsafeRawBufferPointer(start: data, count: count)))
                    for (index, byte) in bytes.readableBytesView.enumerated() { mac[index] = byte }
                    return Status.done
                }
            },
            destroy: { Instance.release(ExportedHandshake.self, $0) }
        )
    )
}
