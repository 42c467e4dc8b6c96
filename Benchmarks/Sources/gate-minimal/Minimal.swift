internal import Patchbay

/// The least that a program with Patchbay does: what it weighs is what depending on Patchbay weighs.
@main
enum Minimal {
    static func main() async throws {
        try await withConnection(to: try ConnectionURL(CommandLine.arguments.last ?? "")) { connection in
            while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
        }
    }
}
