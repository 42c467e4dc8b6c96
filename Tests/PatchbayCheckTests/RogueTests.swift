import Foundation
import PatchbayCheck
import PatchbayTesting
import Testing

/// Each rogue breaks one rule, and `check` says which.
@Suite(.serialized) struct RogueTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var rogue: String
        /// The test that finds it, without the layer's suffix.
        var test: String
        var outcome: CheckResult.Outcome
        /// What the result must say.
        var words: String

        init(_ rogue: String, _ test: String, _ outcome: CheckResult.Outcome, _ words: String) {
            (self.rogue, self.test, self.outcome, self.words) = (rogue, test, outcome, words)
        }

        var testDescription: String { rogue }

        /// As the report names it.
        var name: String {
            let parts = test.split(separator: "/")
            return parts.count == 2 ? "\(parts[0])-\(rogue)/\(parts[1])" : test
        }
    }

    static let cases: [Case] = [
        // Before, and in, its entry.
        Case("crash-in-constructor", "load", .crash, "SIGSEGV"), Case("hang-in-constructor", "load", .timeout, "did not end within"),
        Case("exit-in-constructor", "load", .crash, "exit code 0"), Case("abort-in-constructor", "load", .crash, "SIGABRT"),
        Case("crash-in-entry", "load", .crash, "SIGSEGV"), Case("hang-in-entry", "load", .timeout, "did not end within"),
        Case("exit-in-entry", "load", .crash, "exit code 0"), Case("abort-in-entry", "load", .crash, "SIGABRT"),
        Case("thread-in-entry", "load", .crash, "SIGSEGV"), Case("crash-in-interface", "load", .crash, "SIGSEGV"),
        Case("refuses", "load", .fail, "frobnicator"), Case("refuses-silently", "load", .fail, "entry"),
        Case("wrong-magic", "load", .fail, "magic"), Case("wrong-size", "load", .fail, "size"), Case("wrong-major", "load", .fail, "2."),
        Case("unknown-threads", "load", .fail, "17"), Case("unknown-requirement", "load", .fail, "require"),
        Case("metadata-lies", "load", .fail, "metadata"), Case("no-interface", "load", .fail, "interface"),
        Case("missing-interface", "load", .fail, "patchbay.transport/1"), Case("any-interface", "load", .fail, "interface"),
        // A codec.
        Case("crash-in-decode", "codec/values", .crash, "SIGSEGV"), Case("hang-in-decode", "codec/values", .timeout, "did not end within"),
        Case("thread-in-decode", "codec/values", .crash, "SIGSEGV"), Case("crash-in-encode", "codec/values", .crash, "SIGSEGV"),
        Case("unknown-status", "codec/values", .fail, "77"), Case("silent-failure", "codec/values", .fail, ""),
        Case("endless-error", "codec/values", .fail, "NUL"), Case("commit-lies", "codec/values", .fail, "commit"),
        Case("writes-beyond-room", "codec/values", .fail, "commit"),
        Case("tape-no-value", "codec/values", .fail, "tape"), Case("tape-unknown-kind", "codec/values", .fail, "tape"),
        Case("tape-beyond-message", "codec/values", .fail, "tape"), Case("tape-huge-offset", "codec/values", .fail, "tape"),
        Case("tape-beyond-arena", "codec/values", .fail, "tape"), Case("tape-two-values", "codec/values", .fail, "tape"),
        Case("tape-not-utf8", "codec/values", .fail, "UTF-8"), Case("tape-wrong-end", "codec/values", .fail, "tape"),
        Case("tape-wrong-count", "codec/values", .fail, "tape"), Case("tape-cycle", "codec/values", .fail, "tape"),
        Case("tape-too-deep", "codec/values", .fail, "tape"), Case("tape-count-lies", "codec/values", .fail, "tape"),
        Case("tape-other-memory", "codec/values", .fail, "tape"), Case("tape-endless", "codec/values", .fail, ""),
        // A processor.
        Case("crash-in-create", "processor/made", .crash, "SIGSEGV"), Case("undeclared-secret", "processor/made", .fail, "secret"),
        Case("crash-in-push", "processor/messages", .crash, "SIGSEGV"),
        Case("hang-in-push", "processor/messages", .timeout, "did not end within"),
        Case("crash-in-destroy", "processor/messages", .crash, "SIGSEGV"), Case("bomb", "processor/messages", .fail, ""),
        Case("deaf-bomb", "processor/messages", .fail, ""), Case("loses-bytes", "processor/messages", .fail, "came back as"),
        // An authenticator.
        Case("crash-in-step", "authenticator/agree", .crash, "SIGSEGV"),
        Case("hang-in-step", "authenticator/agree", .timeout, "did not end within"),
        Case("endless-handshake", "authenticator/agree", .fail, ""), Case("endless-output", "authenticator/agree", .fail, ""),
        Case("admits-everybody", "authenticator/wrong", .fail, "admitted"),
        Case("secret-of-another", "authenticator/agree", .fail, "secret"),
        Case("secret-out-of-time", "authenticator/agree", .fail, "secret"),
        // A transport.
        Case("crash-in-connect", "transport/exchange", .crash, "SIGSEGV"), Case("crash-in-listen", "transport/exchange", .crash, "SIGSEGV"),
        Case("hang-in-connect", "transport/exchange", .timeout, "did not end within"), Case("never-done", "transport/exchange", .fail, ""),
        Case("done-twice", "transport/exchange", .fail, "done"), Case("done-and-failed", "transport/exchange", .fail, "done"),
        Case("closed-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("blocking-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("inherited-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("file-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("standard-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("no-descriptor", "transport/exchange", .fail, "descriptor"),
        Case("leaked-descriptor", "transport/cancel", .fail, "stay open"), Case("endless-target", "transport/close", .fail, "bound_target"),
        Case("leaves-file", "transport/close", .fail, ""),
    ]

    @Test(arguments: cases)
    func `a rogue is found, and the report says what it did`(_ rogue: Case) async throws {
        let plugin = try Rogue(rogue.rogue)
        let report = try await plugin.check(rogue.name, deadline: .seconds(rogue.outcome == .timeout ? 2 : 30))
        #expect(!report.passed)
        let result = try #require(
            report.results.first { $0.name == rogue.name },
            "asked: \(report.results.map { "\($0.name): \($0.detail)" })"
        )
        #expect(result.outcome == rogue.outcome, "\(result)")
        #expect(!result.detail.isEmpty)
        #expect(rogue.words.isEmpty || result.detail.localizedCaseInsensitiveContains(rogue.words), "\(result.detail)")
    }

    @Test(arguments: ["none", "late-done", "prints"])
    func `a plugin that keeps every rule passes everything`(_ name: String) async throws {
        let report = try await Rogue(name).check(profile: .stress)
        #expect(report.passed, "\(report.results.filter { $0.outcome != .pass })")
        #expect(report.count(of: .pass) > 20)
    }
}
