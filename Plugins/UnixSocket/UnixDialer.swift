internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Dials a Unix socket.
struct UnixDialer {
    var address: Address
    var layer: String

    /// The first pause after a full backlog; each further one is twice as long, up to the last.
    private static let firstPause = Duration.milliseconds(4)
    private static let longestPause = Duration.milliseconds(250)

    /// - Throws: ``PatchbayError`` at stage `dial`, or `CancellationError`.
    func connect(_ context: TransportContext) async throws -> SocketStream {
        let start = ContinuousClock.now
        var pause = Self.firstPause
        while true {
            do {
                return try await SocketStream.connect(to: address, settings: nil, timeout: context.timeout, reactor: context.reactor)
            } catch let failure as IOFailure where failure.errno == EAGAIN {
                // The listener is alive and behind with accepting. A Unix socket does not queue the dialler then: unix(7), connect(2).
                var rest = pause
                if let timeout = context.timeout {
                    let left = timeout - (ContinuousClock.now - start)
                    guard left > .zero else { throw backlogFull(failure) }
                    rest = min(pause, left)
                }
                try await context.reactor.sleep(for: rest)
                pause = min(pause * 2, Self.longestPause)
            } catch let failure as IOFailure {
                throw explain(failure)
            }
        }
    }

    private func backlogFull(_ failure: IOFailure) -> PatchbayError {
        PatchbayError(
            .timedOut,
            "cannot connect to \(address): its listener lives but does not keep up with accepting; raise timeout, or its backlog",
            stage: .dial,
            layer: layer,
            cause: failure
        )
    }

    private func explain(_ failure: IOFailure) -> PatchbayError {
        if failure.errno == EPROTOTYPE {
            return PatchbayError(
                .unsupported,
                "cannot connect to \(address): a socket of another kind than stream lives there; check the path",
                stage: .dial,
                layer: layer,
                cause: failure
            )
        }
        // The system says "refused" of a plain file as well.
        if failure.errno == ECONNREFUSED, case .unix(let path) = address {
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
                return PatchbayError(
                    .notASocket,
                    "cannot connect to \(address): there is a file, but no socket; check the path",
                    stage: .dial,
                    layer: layer,
                    cause: IOFailure(errno: ENOTSOCK, operation: failure.operation)
                )
            }
        }
        return SystemErrors.explain(failure, address.description, stage: .dial, layer: layer)
    }
}
