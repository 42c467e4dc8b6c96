internal import ArgumentParser
internal import Glibc
internal import NIOCore
internal import Patchbay
internal import PatchbayMutualHMAC
internal import PatchbayNoise
internal import PatchbayPassword
internal import PatchbayRelayServer
internal import PatchbaySCRAM

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make a key for hmac, noise and relays, a key pair for noise, or what a listener keeps of a password.",
        discussion: """
            A password is asked for on a terminal, else read as one line of standard input; it is never an argument, which others \
            could see.

            EXAMPLES:
              (umask 077; patchbay key > worker.key)
              (umask 077; patchbay key --pair > me.key); patchbay key --public me.key
              patchbay key --password --user worker >> worker.users
              patchbay key --scram --user worker >> worker.verifiers
              (umask 077; patchbay key > ops.key; patchbay key --access ops --names 'worker-*' --key-file ops.key >> relay.access)
            """
    )

    @Flag(help: "Print the private key of a new key pair instead, for noise with pattern=xx or ik.")
    var pair = false

    @Option(
        name: .customLong("public"),
        help: ArgumentHelp("Print the public key of the private one in this file; - is standard input.", valueName: "file")
    )
    var publicFile: String?

    @Flag(help: "Print a salted scrypt hash of a password instead, for the layer password.")
    var password = false

    @Flag(help: "Print a verifier of a password instead, for the layer scram.")
    var scram = false

    @Option(help: ArgumentHelp("Print a whole line of a file of users, for this one; with --password or --scram.", valueName: "name"))
    var user: String?

    @Option(help: ArgumentHelp("Print a line of a relay's access file, for a key of this name.", valueName: "name"))
    var access: String?

    @Option(help: ArgumentHelp("With --access: what its holder may do, of listen, dial and share.", valueName: "rights"))
    var rights = "listen,dial"

    @Option(help: ArgumentHelp("With --access: under which names; * at the end stands for any rest.", valueName: "names"))
    var names = "*"

    @Option(help: ArgumentHelp("With --access: the file with the key (default: a new key).", valueName: "file"))
    var keyFile: String?

    func validate() throws {
        guard [pair, publicFile != nil, password, scram, access != nil].filter(\.self).count <= 1 else {
            throw ValidationError("--pair, --public, --password, --scram and --access exclude each other.")
        }
        if keyFile != nil, access == nil { throw ValidationError("--key-file goes with --access.") }
        if user != nil, !password, !scram { throw ValidationError("--user goes with --password or --scram.") }
    }

    func run() async throws {
        if pair {
            print(NoiseKeyPair().privateText)
        } else if let publicFile {
            print(try await publicKey(publicFile))
        } else if password {
            if let user { try PasswordHash.checkUser(user) }
            let hash = try PasswordHash.make(password: try await PasswordPrompt().password())
            print(try user.map { try hash.line(user: $0) } ?? hash.encoded)
        } else if scram {
            if let user { try SCRAMVerifier.checkUser(user) }
            let verifier = try SCRAMVerifier.make(password: try await PasswordPrompt().password())
            print(try user.map { try verifier.line(user: $0) } ?? verifier.encoded)
        } else if let access {
            let key = try keyFile.map { String(decoding: try SecretSource.file($0, for: "--key-file"), as: UTF8.self) }
            print(try AccessFile.line(id: access, rights: rights, names: names, key: key ?? AuthenticationKey.generate()))
        } else {
            print(AuthenticationKey.generate())
        }
    }
}

extension KeyCommand {
    private func publicKey(_ file: String) async throws -> String {
        let text: String
        if file == "-" {
            text = try await StandardInput().lines()?.first.map { String(buffer: $0) } ?? ""
        } else {
            text = String(decoding: try SecretSource.file(file, for: "--public"), as: UTF8.self)
        }
        return try NoiseKeyPair(privateText: text).publicText
    }
}

/// Asks for a password: twice and unseen on a terminal, else one line.
private struct PasswordPrompt {
    private let input = StandardInput()

    func password() async throws -> ByteBuffer {
        guard isatty(0) == 1 else { return try await line() ?? ByteBuffer() }
        return try await withoutEcho {
            Terminal.errors.say("Password: ", terminator: "")
            let first = try await line()
            Terminal.errors.say("\nAgain: ", terminator: "")
            let second = try await line()
            Terminal.errors.say("")
            guard let first, first == second else {
                throw PatchbayError(.invalidArgument, "the two passwords differ; try again", stage: .authenticate)
            }
            return first
        }
    }

    private func line() async throws -> ByteBuffer? { try await input.lines()?.first }

    private func withoutEcho<Result>(_ body: () async throws -> Result) async throws -> Result {
        var before = termios()
        guard tcgetattr(0, &before) == 0 else { return try await body() }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &silent)
        defer { tcsetattr(0, TCSAFLUSH, &before) }
        return try await body()
    }
}
