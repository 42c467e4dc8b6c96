internal import PatchbayCore

/// The errors that the decoders of this plugin share.
enum FramingFailure {
    static func tooLarge(_ announced: UInt64, maximum: Int, layer: String) -> PatchbayError {
        PatchbayError(
            .messageTooLarge,
            "the peer announced a message of \(announced) bytes where at most \(maximum) are allowed; raise max-message if that is intended",
            stage: .receive,
            layer: layer
        )
    }

    static func truncated(_ place: String, layer: String) -> PatchbayError {
        PatchbayError(.truncated, "the stream ended \(place)", stage: .receive, layer: layer)
    }

    static func violation(_ what: String, layer: String) -> PatchbayError {
        PatchbayError(
            .protocolViolation,
            "the peer sent \(what); check that both ends use the same framing",
            stage: .receive,
            layer: layer
        )
    }

    static func unfit(_ what: String, layer: String) -> PatchbayError {
        PatchbayError(.encodingFailed, what, stage: .encode, layer: layer)
    }

    /// What a scan finds once a header of `header` bytes announced `body` bytes, of which some may have come.
    static func frame(
        header: Int,
        announced: UInt64,
        came: Int,
        atEnd: Bool,
        maximum: Int,
        layer: String
    ) throws(PatchbayError) -> FrameScan {
        guard let body = Int(exactly: announced), body <= maximum else {
            throw tooLarge(announced, maximum: maximum, layer: layer)
        }
        guard came - header >= body else {
            if atEnd { throw truncated("after \(came - header) of a message's \(body) bytes", layer: layer) }
            // A length near the largest integer is above any maximum in practice; still, nothing may overflow here.
            let (needed, overflows) = header.addingReportingOverflow(body)
            return .need(overflows ? .max : needed)
        }
        return .frame(header: header, body: body, trailer: 0)
    }
}
