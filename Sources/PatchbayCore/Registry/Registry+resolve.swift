public import NIOCore

extension Registry {
    /// Makes the plan of a URL; opens, dials and starts nothing but the files of secrets and certificates.
    /// - Parameters:
    ///   - url: nil for this node: `PATCHBAY_NODE`, else the host's name.
    ///   - role: a listener may leave out host and port.
    ///   - defaultKey: goes before ``defaultKey``. Without either, the descriptor that `PATCHBAY_AUTHKEY_DESCRIPTOR` names, or
    ///     the file that `PATCHBAY_AUTHKEY_FILE` names.
    /// - Throws: ``PatchbayError`` at stage `resolve`, with the column where the URL is wrong.
    public func resolve(
        _ url: ConnectionURL?,
        for role: Role,
        environment: ResolutionEnvironment = .process,
        defaultKey: ByteBuffer? = nil
    ) throws -> Stack {
        let actual: ConnectionURL
        if let url {
            actual = url
        } else {
            actual = ConnectionURL(text: "node://" + (try environment.nodeName()), hidden: [])
        }
        var resolution = try Resolution(actual, role, self, environment, defaultKey ?? self.defaultKey)
        return try resolution.stack()
    }
}
