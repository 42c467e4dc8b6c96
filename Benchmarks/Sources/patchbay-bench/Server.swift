internal import Glibc
internal import Patchbay

/// Prints "ready" once it listens, then serves until it is killed.
func serve<Form: MessageForm>(_ url: ConnectionURL, _ registry: Registry, _ form: Form.Type) async throws {
    let listener = try await Listener.bind(url, registry: registry)
    print("ready")
    fflush(nil)
    try await listener.run { try await Form.serve($0) }
}
