internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Starts a program and talks to it.
struct ExecTransport: Transport {
    var allowed: AllowedPrograms

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let path = context.path
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw refused(.invalidURL, "a program's path is absolute, as in exec:///usr/bin/python3")
        }
        guard allowed.contains(path) else {
            throw refused(
                .unsupported,
                "this application does not allow a URL to start \(path); it would have to name it in ExecPlugin(allowing:)"
            )
        }
        var program = ChildProgram(path: path, arguments: context.options.list("arg"), environment: try environment(context.options))
        // A NUL would cut the text short, unseen.
        guard !([path] + program.arguments).contains(where: { $0.utf8.contains(0) }) else {
            throw refused(.invalidOption, "a program's path and arguments hold no NUL")
        }
        program.standardError = context.options.text("stderr") == "null" ? .discarded : .inherited
        if let grace = context.options.duration("grace") { program.gracePeriod = grace }
        do throws(IOFailure) {
            return try ChildProcessStream.start(program, overPipes: context.options.flag("pipes"), reactor: context.reactor)
        } catch {
            throw explain(error, path)
        }
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        throw PatchbayError(.unsupported, "a program can be started, not listened for; connect to it", stage: .listen, layer: "exec")
    }

    private func environment(_ options: Options) throws(PatchbayError) -> [String] {
        let variables = options.list("env")
        for variable in variables {
            // Not shown: it may well be a secret.
            guard let equals = variable.utf8.firstIndex(of: UInt8(ascii: "=")), equals > variable.utf8.startIndex,
                !variable.utf8.contains(0)
            else { throw refused(.invalidOption, "env is NAME=VALUE") }
        }
        return variables
    }

    private func explain(_ failure: IOFailure, _ path: String) -> PatchbayError {
        let (code, advice): (PatchbayError.Code, String) =
            switch failure.errno {
            case ENOENT, ENOTDIR:
                (.noSuchProgram, "there is no such program, or the interpreter in its first line is missing; check the path")
            case EACCES, EPERM, EISDIR: (.permissionDenied, "it is no file that this user may run; check its mode")
            case ENOEXEC: (.unsupported, "it is no program for this machine; start its interpreter instead, with the script as arg")
            case E2BIG: (.limitExceeded, "its arguments and environment are too long")
            case EMFILE, ENFILE: (.tooManyDescriptors, "raise the limit of open descriptors (ulimit -n)")
            default: (.systemFailure, "see the system's documentation of execve")
            }
        return refused(code, "cannot start \(path): \(failure.reason); \(advice)", cause: failure)
    }

    private func refused(_ code: PatchbayError.Code, _ message: String, cause: IOFailure? = nil) -> PatchbayError {
        PatchbayError(code, message, stage: .dial, layer: "exec", cause: cause)
    }
}
