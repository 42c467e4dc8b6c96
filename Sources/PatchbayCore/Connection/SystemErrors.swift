internal import Glibc
package import PatchbayIO

/// Error numbers by what they mean here.
package enum SystemErrors {
    static let connectionReset = ECONNRESET
    static let brokenPipe = EPIPE

    /// What a failed attempt to dial or to listen means, with what to do about it.
    /// - Parameter target: what was dialled or bound, as the user would write it.
    package static func explain(_ failure: IOFailure, _ target: String, stage: PatchbayError.Stage, layer: String) -> PatchbayError {
        let (code, advice) = meaning(failure, isListening: stage == .listen)
        let verb = stage == .listen ? "cannot listen on" : "cannot connect to"
        return PatchbayError(code, "\(verb) \(target): \(failure.reason); \(advice)", stage: stage, layer: layer, cause: failure)
    }

    private static func meaning(_ failure: IOFailure, isListening: Bool) -> (PatchbayError.Code, String) {
        switch failure.errno {
        case ECONNREFUSED: (.connectionRefused, "nobody listens there; start the listener, or check the address")
        case ENOENT where isListening: (.noSuchSocket, "its folder does not exist; make it first")
        case ENOENT: (.noSuchSocket, "there is no such socket; start the listener, or check the path")
        case ETIMEDOUT: (.timedOut, "nothing answered in time; check the address and the network, or raise timeout")
        case EADDRINUSE: (.addressInUse, "somebody listens there already; stop it, or choose another address")
        case EADDRNOTAVAIL: (.unreachable, "this machine has no such address")
        case EACCES, EPERM: (.permissionDenied, "check the permissions of the socket and of its folder")
        case ENETUNREACH, EHOSTUNREACH: (.unreachable, "there is no route to it")
        case EMFILE, ENFILE: (.tooManyDescriptors, "raise the limit of open descriptors (ulimit -n)")
        case ECONNRESET: (.reset, "the peer reset the connection")
        case ENAMETOOLONG: (.pathTooLong, "a Unix socket's path has at most \(Address.longestUnixPath) bytes; choose a shorter one")
        default: (.systemFailure, "see the system's documentation of \(failure.operation)")
        }
    }
}
