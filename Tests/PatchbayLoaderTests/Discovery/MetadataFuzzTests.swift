import FuzzSupport
import NIOCore
import PatchbayLoader
import Testing

@Suite struct MetadataFuzzTests {
    private static let valid = """
        {"patchbay": "1.0", "name": "acme", "version": "1.2.3", "summary": "acme's own", "layers": [
            {"kind": "codec", "name": "acme", "summary": "a format", "examples": ["acme+tcp://h:1"], "options": [
                {"name": "level", "summary": "how hard", "type": "integer", "minimum": 1, "maximum": 9, "default": "6"}]},
            {"kind": "transport", "name": "way", "summary": "a way", "target": "hostAndPort", "crossesNetwork": true, "cost": 50}],
         "aliases": [{"name": "both", "summary": "all of it", "expansion": ["acme", "bare"]}]}
        """

    @Test func `50,000 mutated metadata texts never trap`() async throws {
        var random = FuzzSource.forTest()
        let valid = Array(Self.valid.utf8)
        #expect(throws: Never.self) { try FirstExecution.metadata(ofObject: ByteBuffer(bytes: valid)) }
        var read = 0
        for round in 0..<50_000 {
            // Other tests wait for these threads.
            if round % 500 == 0 { await Task.yield() }
            let input = random.input(from: valid, longest: 64)
            if (try? FirstExecution.metadata(ofObject: ByteBuffer(bytes: input))) != nil { read += 1 }
        }
        // Mutations of text alone leave it valid.
        #expect(read > 100)
    }
}
