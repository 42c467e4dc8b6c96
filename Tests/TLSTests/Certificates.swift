import Foundation
import PatchbayTesting
import Testing

/// Authorities and certificates of these tests, made by the `openssl` command line once.
struct Certificates: Sendable {
    static let absence: Comment = "no openssl on the PATH"
    static let openssl: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/bin"]
        return folders.map { "\($0)/openssl" }.first(where: FileManager.default.isExecutableFile)
    }()

    /// Nil where there is no openssl, and where it fails, which a test says.
    static let shared: Certificates? = try? Certificates()
    static var isThere: Bool { openssl != nil }

    let folder: String

    /// `ca` signed `server` (localhost, 127.0.0.1), `client` (no alternative name), `named` (DNS names) and `expired`; `other` signed
    /// `stranger`, which is for localhost too.
    private static let script = """
        set -e
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 30 -subj "/CN=$1"
        }
        # NAME AUTHORITY EXTENSION
        leaf() {
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
            printf '%s\\n' "$3" > $1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -extfile $1.ext -days 30
        }
        authority ca
        authority other
        leaf server ca 'subjectAltName=DNS:localhost,DNS:second.example,IP:127.0.0.1'
        leaf client ca 'keyUsage=digitalSignature'
        leaf named ca 'subjectAltName=email:ada@example.org,DNS:ada.example,DNS:zoe.example'
        leaf stranger other 'subjectAltName=DNS:localhost,IP:127.0.0.1'
        : > index.txt; echo 01 > serial
        printf '%s\\n' '[ca]' 'default_ca=d' '[d]' 'database=index.txt' 'serial=serial' 'new_certs_dir=.' 'default_md=sha256' \\
            'policy=p' 'copy_extensions=none' '[p]' 'commonName=supplied' > ca.conf
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout expired.key -out expired.csr -subj "/CN=expired"
        printf '%s\\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1' > expired.ext
        openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem -extfile expired.ext \\
            -startdate 20200101000000Z -enddate 20200201000000Z -notext
        """

    private init() throws {
        folder = try TemporaryFolder().path
        let process = Process()
        let complaints = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "cd '\(folder)'\n" + Self.script]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = complaints
        try process.run()
        let text = complaints.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            print(String(decoding: text, as: UTF8.self))
            throw CocoaError(.executableLoad)
        }
    }

    func pem(_ name: String) -> String { "\(folder)/\(name).pem" }
    func key(_ name: String) -> String { "\(folder)/\(name).key" }

    /// Options of a URL: this certificate and its key.
    func identity(_ name: String) -> String { "certificate=\(pem(name))&private-key-file=\(key(name))" }
    /// Options of a URL: trust this authority.
    func trust(_ name: String = "ca") -> String { "tls.ca=\(pem(name))" }
}
