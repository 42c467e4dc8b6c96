internal import CPatchbayIO
internal import Glibc

/// What a ``ChildProcess`` runs.
package struct ChildProgram: Sendable {
    /// Where its standard error goes.
    package enum StandardError: Sendable { case inherited, discarded }

    package var path: String
    /// Without the program's own name.
    package var arguments: [String]
    /// `NAME=VALUE`, over what this process's environment says.
    package var environment: [String]
    package var standardError = StandardError.inherited
    /// How long it has before it is told, and then made, to end.
    package var gracePeriod = Duration.seconds(2)

    package init(path: String, arguments: [String] = [], environment: [String] = []) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    func spawn(input: CInt, output: CInt) -> Result<Int32, IOFailure> {
        var processID: pid_t = 0
        let status = Self.withStrings([path] + arguments) { arguments in
            Self.withStrings(mergedEnvironment()) { environment in
                cpb_spawn(path, arguments, environment, input, output, standardError == .inherited ? 2 : -1, &processID)
            }
        }
        return status < 0 ? .failure(IOFailure(errno: -status, operation: "start a program")) : .success(processID)
    }

    private func mergedEnvironment() -> [String] {
        let replaced = Set(environment.map { $0.prefix { $0 != "=" } })
        var merged: [String] = []
        if var entry = cpb_environment() {
            while let text = entry.pointee {
                let variable = String(cString: text)
                if !replaced.contains(variable.prefix { $0 != "=" }) { merged.append(variable) }
                entry += 1
            }
        }
        return merged + environment
    }

    /// An array of C strings that ends with nil, as exec wants it.
    package static func withStrings<Value>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        let pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }  // never empty: nil is in it
    }
}
