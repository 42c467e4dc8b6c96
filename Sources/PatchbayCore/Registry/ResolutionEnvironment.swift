internal import Glibc

/// What resolution asks of the process: variables and the host's name; tests bring their own.
public struct ResolutionEnvironment: Sendable {
    /// The value of a variable; nil where it is not set.
    public var variable: @Sendable (String) -> String?
    public var hostName: @Sendable () -> String
    /// The key that a descriptor held: read once, for all copies of this environment.
    let inheritedKey = InheritedKey()

    public init(variable: @escaping @Sendable (String) -> String?, hostName: @escaping @Sendable () -> String) {
        self.variable = variable
        self.hostName = hostName
    }

    /// This process.
    public static let process = ResolutionEnvironment(
        variable: { name in getenv(name).flatMap { String(validatingCString: $0) } },
        hostName: {
            // HOST_NAME_MAX is 64 on Linux; a truncated name would lack its NUL.
            var name = [CChar](repeating: 0, count: 257)
            guard gethostname(&name, name.count - 1) == 0 else { return "" }
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    )

    /// Names this node: `PATCHBAY_NODE`, else the first label of the host's name in lower case.
    func nodeName() throws(PatchbayError) -> String {
        if let name = variable("PATCHBAY_NODE") {
            guard NodeName.isValid(name.utf8) else {
                throw PatchbayError(
                    .invalidURL,
                    "PATCHBAY_NODE is not a node's name: 1 to 48 lower-case letters, digits and '-'",
                    stage: .resolve
                )
            }
            return name
        }
        let label = String(hostName().prefix { $0 != "." }).lowercased()
        guard NodeName.isValid(label.utf8) else {
            throw PatchbayError(
                .invalidURL,
                "the host's name is no node's name (1 to 48 letters, digits and '-'); set PATCHBAY_NODE, or write node://name",
                stage: .resolve
            )
        }
        return label
    }
}
