public import PatchbayCore

/// `exec`: a child process as the peer, over its standard input and output.
///
/// In no standard registry: a URL that came from a file must not start programs. An application that wants it registers it, and says
/// what may be started.
public struct ExecPlugin: Plugin {
    private let allowed: AllowedPrograms

    public init(allowing allowed: AllowedPrograms) { self.allowed = allowed }

    public var name: String { "exec" }
    public var version: String { "1.0.0" }
    public var summary: String { "a child process as the peer, over its standard input and output" }

    static let options = [
        OptionSpecification("arg", .text, isList: true, summary: "one argument of the program; repeated, in order"),
        OptionSpecification("env", .text, isList: true, summary: "NAME=VALUE in the program's environment, over the inherited one"),
        OptionSpecification("pipes", .flag, default: "false", summary: "two pipes instead of a socket pair"),
        OptionSpecification(
            "stderr",
            .choice(["inherit", "null"]),
            default: "inherit",
            summary: "where the program's standard error goes"
        ),
        OptionSpecification(
            "grace",
            .duration(.zero...(.seconds(3600)), orNone: false),
            default: "2s",
            summary: "how long the program has to end, before SIGTERM, and again before SIGKILL"
        ),
    ]

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "exec",
                summary: "a child process as the peer, over its standard input and output; ends with the connection",
                options: Self.options,
                examples: ["json+lines+bare+exec:///usr/bin/python3?arg=-u&arg=worker.py"],
                maker: .transport(
                    TransportTraits(target: .program, crossesNetwork: false, cost: 50, listens: false),
                    ExecTransport(allowed: allowed)
                )
            )
        )
    }
}

/// Which programs a URL may start.
public struct AllowedPrograms: Sendable {
    /// Nil: all.
    private let paths: Set<String>?

    /// Every program that this process may start.
    public static var all: AllowedPrograms { AllowedPrograms(paths: nil) }

    /// The programs at these paths, compared byte by byte with the URL's; with any arguments.
    public static func only(_ paths: some Sequence<String>) -> AllowedPrograms { AllowedPrograms(paths: Set(paths)) }

    func contains(_ path: String) -> Bool {
        // Not by String's equality, which takes different bytes for one character.
        paths?.contains { $0.utf8.elementsEqual(path.utf8) } ?? true
    }
}

extension PatchbayError.Code {
    /// There is no file at the path of a program, or the interpreter that it names is missing.
    public static let noSuchProgram = Self("no-such-program")
}
