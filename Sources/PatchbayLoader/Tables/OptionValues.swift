internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// A layer's checked options, in C memory that lives as long as the layer; with its secrets, which are not in there.
final class OptionValues: @unchecked Sendable {
    // Sendable: nothing changes after init.

    /// The layer's name.
    let layer: UnsafeMutablePointer<CChar>
    let options: UnsafeMutableBufferPointer<patchbay_option>
    /// By name; nil where it is declared, and was not given.
    let secrets: [String: ByteBuffer?]
    private let texts: [UnsafeMutableBufferPointer<CChar>]

    init(_ name: String, _ options: Options, _ specifications: [OptionSpecification]) {
        var texts: [UnsafeMutableBufferPointer<CChar>] = []
        func keep(_ text: String) -> UnsafeMutableBufferPointer<CChar> {
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.utf8.count + 1)
            _ = copy.initialize(from: text.utf8CString)
            texts.append(copy)
            return copy
        }
        var values: [patchbay_option] = []
        var secrets: [String: ByteBuffer?] = [:]
        for specification in specifications {
            if specification.isSecret {
                secrets[specification.name] = .some(options.secret(specification.name))
                continue
            }
            let given = Self.values(of: specification, in: options)
            guard !given.isEmpty else { continue }
            let name = keep(specification.name)
            for value in given {
                let text = keep(value.text)
                values.append(
                    patchbay_option(
                        name: UnsafePointer(name.baseAddress),
                        kind: value.kind,
                        reserved: 0,
                        integer: value.integer,
                        text: patchbay_bytes(data: UnsafeRawPointer(text.baseAddress), count: text.count - 1)
                    )
                )
            }
        }
        self.secrets = secrets
        self.options = .allocate(capacity: values.count)
        _ = self.options.initialize(from: values)
        let layer = keep(name)
        // Never nil: a NUL at least is in it.
        self.layer = layer.baseAddress.unsafelyUnwrapped
        self.texts = texts
    }

    deinit {
        options.deallocate()
        for text in texts { text.deallocate() }
    }

    private typealias Value = (kind: UInt32, integer: Int64, text: String)

    /// One for each value, in order.
    private static func values(of specification: OptionSpecification, in options: Options) -> [Value] {
        guard let checked = options.values[specification.name]?.value else { return [] }
        if case .list(let texts) = checked {
            var single = specification
            single.isList = false
            single.defaultText = nil
            single.isRequired = false
            return texts.compactMap { text in
                // Checked before, so that no element is lost here.
                let written: KeyValuePairs = [single.name: text]
                guard let one = try? Options(written, for: [single]).values[single.name]?.value else { return nil }
                return value(one, single.kind)
            }
        }
        return value(checked, specification.kind).map { [$0] } ?? []
    }

    private static func value(_ checked: Options.Checked, _ kind: OptionSpecification.Kind) -> Value? {
        guard let text = OptionText.written(checked, kind) else { return nil }
        switch checked {
        case .text: return (UInt32(PATCHBAY_OPTION_TEXT), 0, text)
        case .flag(let flag): return (UInt32(PATCHBAY_OPTION_FLAG), flag ? 1 : 0, text)
        case .integer(let integer): return (UInt32(PATCHBAY_OPTION_INTEGER), Int64(integer), text)
        case .duration(let duration):
            return (UInt32(PATCHBAY_OPTION_DURATION), duration.map(Self.nanoseconds) ?? -1, text)
        case .secret, .list: return nil
        }
    }

    /// Clamped to what 64 bits hold, 292 years.
    static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, beyond) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || beyond ? .max : sum
    }
}
