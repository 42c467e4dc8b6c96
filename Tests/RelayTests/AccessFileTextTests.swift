import PatchbayCore
import Testing

@testable import PatchbayRelayServer

@Suite("The text of an access file")
struct AccessFileTextTests {
    @Test("lines end in either way, and one that does not fit is named by its number", arguments: ["\n", "\r\n"])
    func lineEnds(_ end: String) throws {
        let lines = ["# who may call", "", "ops listen,dial worker-*,db 0123456789abcdef", "guest\tdial  * fedcba9876543210", ""]
        let file = try RelayAccessFile(lines.joined(separator: end))
        #expect(file.entry("ops")?.grant == RelayGrant(id: "ops", rights: [.listen, .dial], patterns: ["worker-*", "db"]))
        #expect(file.entry("guest")?.grant == RelayGrant(id: "guest", rights: .dial, patterns: ["*"]))
        let error = #expect(throws: PatchbayError.self) { try RelayAccessFile((lines + ["half a line"]).joined(separator: end)) }
        #expect(error?.message.contains("line 6") == true && error?.message.contains("half") == false)
    }
}
