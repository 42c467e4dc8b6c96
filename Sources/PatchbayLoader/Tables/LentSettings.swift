internal import CPatchbay
internal import Glibc
internal import NIOCore
internal import PatchbayCore

/// What a call that takes `patchbay_settings` may read.
struct LentSettings {
    /// Nil outside of such a call.
    var values: OptionValues?
    /// Copies of secrets, which are wiped when the call returns.
    var secrets: [UnsafeMutableRawBufferPointer] = []
}

extension Loan {
    func prepareSettings(_ host: UnsafeMutableRawPointer) {
        settings.pointee.size = UInt32(MemoryLayout<patchbay_settings>.size)
        settings.pointee.host = host
        settings.pointee.secret = { settings, name, secret in
            guard let settings, let name, let secret, let loan = Loan.of(settings.pointee.host) else {
                return PatchbayStatus.invalidArgument
            }
            secret.pointee = patchbay_bytes()
            return loan.giveSecret(named: String(cString: name), secret)
        }
    }

    /// Runs a call that reads the settings.
    func lendSettings<Result>(
        _ values: OptionValues,
        _ body: (UnsafePointer<patchbay_settings>) throws(PatchbayError) -> Result
    ) throws(PatchbayError) -> Result {
        lentSettings.values = values
        settings.pointee.layer = UnsafePointer(values.layer)
        settings.pointee.options = UnsafePointer(values.options.baseAddress)
        settings.pointee.option_count = UInt32(values.options.count)
        defer {
            settings.pointee.option_count = 0
            settings.pointee.options = nil
            lentSettings.values = nil
            for secret in lentSettings.secrets {
                if let base = secret.baseAddress { explicit_bzero(base, secret.count) }
                secret.deallocate()
            }
            lentSettings.secrets = []
        }
        return try body(settings)
    }

    private func giveSecret(named name: String, _ result: UnsafeMutablePointer<patchbay_bytes>) -> Int32 {
        guard isCurrent, let values = lentSettings.values else {
            return refuse(
                "patchbay_settings.secret",
                "was called after the call that lent the settings had returned, or on another thread"
            )
        }
        guard let declared = values.secrets[name] else {
            return refuse(
                "patchbay_settings.secret",
                "was asked for '\(PluginText.printable(name.utf8.prefix(64)))', which the metadata does not declare as a secret"
            )
        }
        guard let secret = declared else { return PatchbayStatus.notFound.rawValue }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, secret.readableBytes), alignment: 16)
        secret.withUnsafeReadableBytes { copy.copyMemory(from: $0) }
        lentSettings.secrets.append(copy)
        result.pointee = patchbay_bytes(data: UnsafeRawPointer(copy.baseAddress), count: secret.readableBytes)
        return PatchbayStatus.ok
    }
}
