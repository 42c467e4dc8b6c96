internal import Glibc
internal import PatchbayIO
internal import Testing

@testable internal import PatchbayCore
@testable internal import PatchbayPeerCredentials

@Suite("The layer peercred")
struct PeerCredentialsTests {
    struct Case: Sendable {
        var users: [String]
        var groups: [String]
        var user: UInt32
        var group: UInt32
        var isAdmitted: Bool
    }

    /// This process is user 1000 of group 100.
    static let cases = [
        Case(users: [], groups: [], user: 1000, group: 5, isAdmitted: true),
        Case(users: [], groups: [], user: 0, group: 100, isAdmitted: false),
        Case(users: ["self"], groups: [], user: 1000, group: 100, isAdmitted: true),
        Case(users: ["self", "1001"], groups: [], user: 1001, group: 100, isAdmitted: true),
        Case(users: ["1001"], groups: [], user: 1000, group: 100, isAdmitted: false),
        Case(users: ["0"], groups: [], user: 0, group: 0, isAdmitted: true),
        Case(users: [], groups: ["self"], user: 7, group: 100, isAdmitted: true),
        Case(users: [], groups: ["20", "21"], user: 1000, group: 100, isAdmitted: false),
        Case(users: [], groups: ["20", "21"], user: 7, group: 21, isAdmitted: true),
        Case(users: ["self"], groups: ["20"], user: 1000, group: 20, isAdmitted: true),
        Case(users: ["self"], groups: ["20"], user: 1000, group: 21, isAdmitted: false),
        Case(users: ["self"], groups: ["20"], user: 1001, group: 20, isAdmitted: false),
    ]

    @Test("lists admit whom they name, at both ends", arguments: cases)
    func lists(_ test: Case) throws {
        let authenticator = try PeerCredentialsAuthenticator(
            users: test.users,
            groups: test.groups,
            processUser: 1000,
            processGroup: 100
        )
        let peer = StreamPeer(credentials: PeerCredentials(processID: 1, userID: test.user, groupID: test.group))
        for role in [Role.dialer, .listener] {
            var handshake = try authenticator.makeHandshake(HandshakeContext(role: role, peer: peer))
            do {
                let step = try handshake.step(.start)
                guard case .done(let result) = step.next else {
                    Issue.record("not done at once")
                    continue
                }
                #expect(test.isAdmitted)
                #expect(step.output.isEmpty)
                #expect(result.identity == "uid:\(test.user)")
            } catch let error as PatchbayError {
                #expect(!test.isAdmitted)
                #expect(error.code == .authenticationFailed)
            }
        }
    }

    @Test(
        "what is no number and not `self` is an error that names the option",
        arguments: ["", "root", "-1", "+1", " 1", "1 ", "0x0", "4294967295", "4294967296", "99999999999999999999", "Self", "١"]
    )
    func badNumbers(_ text: String) {
        for (users, groups, name) in [([text], [], "uid="), ([], [text], "gid=")] as [([String], [String], String)] {
            let error = #expect(throws: PatchbayError.self) { try PeerCredentialsAuthenticator(users: users, groups: groups) }
            #expect(error?.code == .invalidOption)
            #expect(error?.message.hasPrefix(name) == true)
        }
    }

    @Test("without credentials, as over TCP, nobody is admitted")
    func withoutCredentials() throws {
        let authenticator = try PeerCredentialsAuthenticator(users: [], groups: [])
        var handshake = try authenticator.makeHandshake(
            HandshakeContext(role: .listener, peer: StreamPeer(address: .ipv4([127, 0, 0, 1], port: 1)))
        )
        let error = #expect(throws: PatchbayError.self) { try handshake.step(.start) }
        #expect(error?.code == .unsupported)
    }

    @Test("messages and second starts are violations")
    func outOfTurn() throws {
        let peer = StreamPeer(credentials: PeerCredentials(processID: 1, userID: geteuid(), groupID: getegid()))
        let authenticator = try PeerCredentialsAuthenticator(users: [], groups: [])
        var handshake = try authenticator.makeHandshake(HandshakeContext(role: .listener, peer: peer))
        _ = try handshake.step(.start)
        for input in [HandshakeInput.start, .verdict(true)] {
            let error = #expect(throws: PatchbayError.self) { try handshake.step(input) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("this very process, seen through a socket pair by the kernel, is `self`")
    func socketPair() throws {
        var pair: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { pair.forEach { close($0) } }
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(12)
        try #require(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
        let peer = StreamPeer(
            credentials: PeerCredentials(processID: Int32(credentials[0]), userID: credentials[1], groupID: credentials[2])
        )
        var handshake = try PeerCredentialsAuthenticator(users: ["self"], groups: ["self"]).makeHandshake(
            HandshakeContext(role: .dialer, peer: peer)
        )
        #expect(throws: Never.self) { try handshake.step(.start) }
    }

    @Test("the layer takes lists, and stands above transports that have credentials")
    func layer() throws {
        var registrar = Registrar()
        PeerCredentialsPlugin().register(into: &registrar)
        let layer = try #require(registrar.layers.first)
        guard case .authenticator(let traits, let maker) = layer.maker else {
            Issue.record("not an authenticator")
            return
        }
        #expect(traits.medium == .none && traits.passwordOption == nil)
        #expect(traits.transports == ["unix", "abstract", "node"])
        #expect(layer.options.map(\.isList) == [true, true])
        var options = Options()
        options.values["uid"] = (.list(["nobody"]), .url)
        #expect(throws: PatchbayError.self) { try maker(options) }
    }
}
