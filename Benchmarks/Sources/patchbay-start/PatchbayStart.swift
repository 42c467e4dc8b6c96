internal import Glibc
internal import Patchbay

/// What a program pays that uses Patchbay: it makes the plan of a URL and ends.
///
///   patchbay-start URL       status 1, and the reason, where this version has no such layer or option
@main
enum PatchbayStart {
    static func main() {
        do {
            guard let text = CommandLine.arguments.dropFirst().first else { throw Usage() }
            _ = try Registry.standard.resolve(ConnectionURL(text), for: .dialer)
        } catch {
            let line = error is Usage ? "usage: patchbay-start URL\n" : "patchbay-start: \(error)\n"
            _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
            exit(1)
        }
    }

    struct Usage: Error {}
}
