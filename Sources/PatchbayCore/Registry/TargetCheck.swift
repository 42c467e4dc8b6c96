/// Compares what stands behind `://` with what the transport takes.
struct TargetCheck {
    var parts: URLParts
    var transport: String
    var traits: TransportTraits
    var role: Role

    func target() throws(PatchbayError) -> Stack.Target {
        try checkDirection()
        var target = Stack.Target(host: parts.host?.text, port: parts.port?.text, path: parts.path.text)
        switch traits.target {
        case .hostAndPort:
            try refusePath()
            try checkHost()
            if role == .listener {
                target.host = target.host ?? "127.0.0.1"
                target.port = target.port ?? 0
                break
            }
            guard target.host != nil else {
                throw invalid("a host is needed to connect, as in \(transport)://localhost:7000", parts.port?.column ?? end)
            }
            guard let port = parts.port, port.text != 0 else {
                throw invalid("a port is needed to connect, as in \(transport)://host:7000", parts.port?.column ?? end)
            }
        case .hostPortAndPath:
            try checkHost()
        case .path, .program:
            if let host = parts.host {
                throw invalid(
                    "write three slashes and an absolute path, as in \(transport):///run/a: behind two stands a host, and this transport "
                        + "has none",
                    host.column
                )
            }
            try refusePort()
            // To listen without a path is to let the transport choose one, as port 0 is.
            if role == .listener, traits.target == .path, target.path.isEmpty { return target }
            guard target.path.utf8.count > 1 else {
                throw invalid("a path is needed, as in \(transport):///run/a", parts.path.column)
            }
        case .name:
            guard let host = parts.host else { throw invalid("a name is needed, as in \(transport)://name", end) }
            try refusePort()
            try refusePath()
            guard transport != "node" || NodeName.isValid(host.text.utf8) else {
                throw invalid("a node's name is 1 to \(NodeName.longest) lower-case letters, digits and '-'", host.column)
            }
        case .none:
            if let host = parts.host { throw invalid("nothing stands behind \(transport)://", host.column) }
            try refusePort()
            try refusePath()
        }
        return target
    }

    private func checkDirection() throws(PatchbayError) {
        let isPossible = role == .dialer ? traits.connects : traits.listens
        guard !isPossible else { return }
        let verb = role == .dialer ? "connect" : "listen"
        throw PatchbayError(
            .unsupported,
            "the transport '\(transport)' cannot \(verb); use another",
            stage: .resolve,
            layer: transport,
            column: parts.transport.column
        )
    }

    /// Percent-encoding can bring any byte into a host; the resolver of names must not see them.
    private func checkHost() throws(PatchbayError) {
        guard let host = parts.host else { return }
        let refused = host.text.utf8.contains { $0 <= 0x20 || $0 == 0x7F || "/?#@[]\\".utf8.contains($0) }
        guard !refused else { throw invalid("not a host: a name, an IPv4 address, or an IPv6 address in [ ]", host.column) }
    }

    private func refusePort() throws(PatchbayError) {
        if let port = parts.port { throw invalid("'\(transport)' takes no port", port.column) }
    }

    private func refusePath() throws(PatchbayError) {
        guard parts.path.text.isEmpty else { throw invalid("'\(transport)' takes no path", parts.path.column) }
    }

    /// Where the authority ends.
    private var end: Int { parts.path.column }

    private func invalid(_ message: String, _ column: Int) -> PatchbayError {
        PatchbayError(.invalidURL, message, stage: .resolve, column: column)
    }
}
