import Patchbay
import Testing

struct StandardRegistryTests {
    @Test func `every linked plugin registers without a clash, and exec is not among them`() {
        let names = Set(Registry.standard.plugins.map(\.name))
        #expect(names.isSuperset(of: ["inproc", "tcp", "framings", "json", "msgpack", "cbor", "python"]), "\(names)")
        #expect(Registry.standard.layer(named: "exec") == nil)
    }
}
