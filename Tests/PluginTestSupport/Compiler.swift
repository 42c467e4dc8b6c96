internal import Foundation

/// The C compiler of this machine.
package enum Compiler {
    package static let path: String? = ["/usr/bin/gcc", "/usr/bin/clang", "/usr/bin/cc"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    package static let headers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/CPatchbay/include").standardizedFileURL.path

    package struct Failure: Error {
        package var output: String
    }

    package static func run(_ arguments: [String]) async throws {
        guard let path else { throw Failure(output: "no C compiler") }
        let result = try await Tool.run(path, arguments)
        guard result.status == 0 else { throw Failure(output: result.output) }
    }
}
