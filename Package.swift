// swift-tools-version:6.2
import PackageDescription

/// Settings of every Swift target, each with its reason.
let settings: [SwiftSetting] =
    [
        // Data races are compile-time errors.
        .swiftLanguageMode(.v6),
        // `any` marks each dynamic call, which matters on the path of a byte.
        .enableUpcomingFeature("ExistentialAny"),
        // An import never leaks members into files that did not ask for them.
        .enableUpcomingFeature("MemberImportVisibility"),
        // An import without an access level is internal, so dependencies stay out of the public interface by default.
        .enableUpcomingFeature("InternalImportsByDefault"),
        // Async functions stay on the caller's executor: no hop per call (docs/decisions/0001).
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + strictness

/// In CI our own warnings are errors, those of dependencies are not; while one writes code they stay warnings.
var strictness: [SwiftSetting] { Context.environment["PATCHBAY_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)] }

let bytes: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let tlsEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")

/// A linked-in plugin: `Plugins/<folder>` is the target `Patchbay<folder>`, tested by `Tests/<folder>Tests`.
func plugin(_ folder: String, _ more: [Target.Dependency] = []) -> Target {
    .target(name: "Patchbay\(folder)", dependencies: ["PatchbayCore", bytes] + more, path: "Plugins/\(folder)", swiftSettings: settings)
}

/// The plugins that `Registry.standard` holds.
let builtIn: [Target] = [
    plugin("TCP", ["PatchbayIO"]),
    plugin("UnixSocket", ["PatchbayIO", "CPatchbayIO"]),
    plugin("StandardIO", ["PatchbayIO"]),
    plugin("Framings"),
    plugin("Processors"),
    plugin("JSON"),
    plugin("MessagePack"),
    plugin("CBOR"),
    plugin("PlainCodecs"),
    plugin("Python", [crypto]),
    plugin("MutualHMAC", [crypto]),
    // Scrypt lives in the extras.
    plugin("Password", [crypto, cryptoExtras]),
    // So does PBKDF2.
    plugin("SCRAM", [crypto, cryptoExtras]),
    plugin("PeerCredentials", ["PatchbayIO"]),
    plugin("Noise", [crypto]),
    plugin("Relay", ["PatchbayIO", crypto]),
]

/// Plugins that an application asks for, each a product of its own.
let optional: [Target] = [
    plugin("Exec", ["PatchbayIO"]),
    // A second BoringSSL.
    plugin("TLS", ["PatchbayIO", tls, tlsEvents]),
]

func test(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies + [bytes], path: "Tests/\(name)Tests", swiftSettings: settings)
}

let package = Package(
    name: "patchbay",
    products: [
        .library(name: "Patchbay", targets: ["Patchbay"]),
        // What a plugin is written against.
        .library(name: "PatchbayCore", targets: ["PatchbayCore"]),
        // Heavier than the core (libffi), so products of their own.
        .library(name: "PatchbayLoader", targets: ["PatchbayLoader"]),
        .library(name: "PatchbayPlugin", targets: ["PatchbayPlugin"]),
        .library(name: "PatchbayTesting", targets: ["PatchbayTesting"]),
        // Logs, metrics and services: what a server wants, and a client does not.
        .library(name: "PatchbayRelayServer", targets: ["PatchbayRelayServer"]),
        .executable(name: "patchbay", targets: ["PatchbayCLI"]),
    ] + optional.map { .library(name: $0.name, targets: [$0.name]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CPatchbayIO"),
        .target(name: "PatchbayIO", dependencies: ["CPatchbayIO", bytes], swiftSettings: settings),
        .target(name: "PatchbayCore", dependencies: ["PatchbayIO", bytes], swiftSettings: settings),
        .target(
            name: "Patchbay",
            dependencies: ["PatchbayCore"] + builtIn.map { .target(name: $0.name) },
            swiftSettings: settings
        ),
        // The plugin interface: one header.
        .target(name: "CPatchbay"),
        .systemLibrary(name: "CLibFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
        .target(
            name: "PatchbayLoader",
            dependencies: ["PatchbayCore", "PatchbayIO", "CPatchbayIO", "CPatchbay", "CLibFFI", "PatchbayJSON", bytes, crypto],
            swiftSettings: settings
        ),
        .target(
            name: "PatchbayPlugin",
            dependencies: ["PatchbayCore", "PatchbayIO", "CPatchbayIO", "CPatchbay", "PatchbayJSON", bytes],
            swiftSettings: settings
        ),
        // A relay itself: `patchbay relay`, or within a program.
        .target(
            name: "PatchbayRelayServer",
            dependencies: ["PatchbayRelay", "PatchbayJSON", "PatchbayCore", "PatchbayIO", bytes, logging, metrics, serviceLifecycle],
            swiftSettings: settings
        ),
        .target(name: "PatchbayTesting", dependencies: ["PatchbayCore", "PatchbayIO", bytes], swiftSettings: settings),
        // What `patchbay check` does: the conformance suites against a plugin's file, a child for each test.
        .target(
            name: "PatchbayCheck",
            dependencies: ["PatchbayLoader", "PatchbayTesting", "PatchbayCore", bytes],
            swiftSettings: settings
        ),
        // The files of templates/, in the program itself, and what `patchbay new` makes of them.
        .target(name: "CTemplates"),
        .target(name: "PatchbayTemplates", dependencies: ["CTemplates", "PatchbayCore", "PatchbayIO", bytes], swiftSettings: settings),
        .executableTarget(
            name: "PatchbayCLI",
            dependencies: [
                "Patchbay", "PatchbayLoader", "PatchbayCheck", "PatchbayTesting", "PatchbayTemplates", "PatchbayExec", "PatchbayJSON",
                "PatchbayMutualHMAC", "PatchbayNoise", "PatchbayPassword", "PatchbaySCRAM", "PatchbayTLS",
                "PatchbayRelayServer",
                bytes, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "patchbay-demo",
            dependencies: ["Patchbay", bytes],
            path: "Examples/Demo",
            exclude: ["peer.py", "through-a-relay"],
            swiftSettings: settings
        ),
        .target(name: "FuzzSupport", path: "Tests/FuzzSupport", swiftSettings: settings),
        test("FuzzSupport", ["FuzzSupport"]),
        .target(name: "PluginTestSupport", path: "Tests/PluginTestSupport", swiftSettings: settings),
        test("PatchbayCLI", ["PatchbayCLI", "PluginTestSupport"]),
        test("PatchbayPlugin", ["PatchbayPlugin", "PatchbayCore", "PatchbayIO", "PatchbayJSON", "CPatchbay"]),
        test("PatchbayTemplates", ["PatchbayTemplates", "PatchbayCore"]),
        test("PatchbayTesting", ["PatchbayTesting", "Patchbay", "PatchbayCore", "PatchbayIO"]),
        .testTarget(
            name: "PatchbayCheckTests",
            dependencies: ["PatchbayCheck", "PatchbayTesting", "PatchbayCore", bytes],
            path: "Tests/PatchbayCheckTests",
            exclude: ["Frozen", "Rogues"],
            swiftSettings: settings
        ),
        test(
            "PatchbayLoader",
            [
                "PatchbayLoader", "PatchbayCore", "PatchbayIO", "PatchbayJSON", "PatchbayFramings", "PatchbayTCP", "CPatchbay",
                "FuzzSupport", "PluginTestSupport",
            ]
        ),
        // The plugins in C, which it builds with their Makefiles.
        test(
            "CPlugin",
            [
                "Patchbay", "PatchbayLoader", "PatchbayCore", "PatchbayIO", "CPatchbayIO", "PatchbayExec", "PluginTestSupport",
                "PythonSupport",
            ]
        ),
        test("PatchbayIO", ["PatchbayIO", "CPatchbayIO", "PatchbayTesting", "FuzzSupport"]),
        // The vectors of pages in docs.
        .target(name: "PageSupport", path: "Tests/PageSupport", swiftSettings: settings),
        test("PatchbayCore", ["PatchbayCore", "PatchbayIO", "FuzzSupport", "PageSupport"]),
        test("Patchbay", ["Patchbay", "PatchbayNoise", "PatchbayCore", "PatchbayIO", "CPatchbayIO", "PatchbayTesting"]),
        .target(
            name: "AuthenticatorTestSupport",
            dependencies: ["PatchbayCore", "FuzzSupport", bytes],
            path: "Tests/AuthenticatorTestSupport",
            swiftSettings: settings
        ),
        test("MutualHMAC", ["PatchbayMutualHMAC", "PatchbayCore", "AuthenticatorTestSupport", "FuzzSupport", crypto]),
        .testTarget(
            name: "NoiseTests",
            dependencies: ["PatchbayNoise", "Patchbay", "PatchbayCore", "AuthenticatorTestSupport", "FuzzSupport", crypto, bytes],
            path: "Tests/NoiseTests",
            exclude: ["vectors.txt"],
            swiftSettings: settings
        ),
        test(
            "Relay",
            [
                "PatchbayRelay", "PatchbayRelayServer", "Patchbay", "PatchbayCore", "PatchbayIO", "PatchbayTesting", "PythonSupport",
                "FuzzSupport", "PageSupport",
                logging, metrics, serviceLifecycle,
            ]
        ),
        test("Password", ["PatchbayPassword", "PatchbayCore", "FuzzSupport", crypto]),
        test("PeerCredentials", ["PatchbayPeerCredentials", "PatchbayCore", "PatchbayIO"]),
        test("Framings", ["PatchbayCore", "PatchbayFramings", "FuzzSupport"]),
        test("Processors", ["PatchbayCore", "PatchbayProcessors"]),
        test("JSON", ["PatchbayJSON", "PatchbayCore", "FuzzSupport"]),
        .target(
            name: "CodecTestSupport",
            dependencies: ["PatchbayCore", "FuzzSupport", bytes],
            path: "Tests/CodecTestSupport",
            swiftSettings: settings
        ),
        test("MessagePack", ["PatchbayMessagePack", "PatchbayCore", "CodecTestSupport"]),
        test("CBOR", ["PatchbayCBOR", "PatchbayCore", "CodecTestSupport"]),
        test("PlainCodecs", ["PatchbayPlainCodecs", "PatchbayCore", "CodecTestSupport"]),
        test("Documentation", ["Patchbay"]),
        .target(name: "PythonSupport", path: "Tests/PythonSupport", swiftSettings: settings),
        test("SCRAM", ["PatchbaySCRAM", "Patchbay", "PatchbayCore", "PythonSupport", "FuzzSupport", crypto]),
        test("Python", ["PatchbayPython", "PatchbayCore", "PythonSupport", "FuzzSupport"]),
        test("UnixSocket", ["PatchbayUnixSocket", "PatchbayCore", "PatchbayIO", "PatchbayTesting"]),
        test("StandardIO", ["PatchbayStandardIO", "PatchbayCore", "PatchbayIO", "PatchbayTesting"]),
        test("Exec", ["PatchbayExec", "PatchbayCore", "PatchbayIO", "PatchbayTesting"]),
        test(
            "TLS",
            [
                "PatchbayTLS", "PatchbayExec", "PatchbayPassword", "Patchbay", "PatchbayCore", "PatchbayIO", "PatchbayTesting",
                "FuzzSupport",
            ]
        ),
        // The other process of tests that hand a connection over.
        .executableTarget(name: "hand-over-peer", dependencies: ["Patchbay", bytes], path: "Tests/HandOverPeer", swiftSettings: settings),
        .testTarget(
            name: "InteropTests",
            dependencies: [
                "Patchbay", "PatchbayRelay", "PatchbayRelayServer", "PatchbayCore", "PatchbayIO", "PatchbayPython", "CPatchbayIO",
                "PythonSupport", "hand-over-peer", bytes,
            ],
            path: "Tests/InteropTests",
            exclude: ["connection_peer.py", "relay_peer.py", "wire_peer.py"],
            swiftSettings: settings
        ),
    ] + builtIn + optional
)

// For the sanitizers, which `scripts/test --sanitize` runs over the core: swift-crypto and swift-nio-ssl take longer to build than all the
// rest.
if Context.environment["PATCHBAY_WITHOUT_CRYPTO"] != nil {
    var absent: Set = ["Crypto", "CryptoExtras", "NIOSSL"]
    func isAbsent(_ dependency: Target.Dependency) -> Bool {
        switch dependency {
        case .productItem(let name, _, _, _), .targetItem(let name, _), .byNameItem(let name, _): absent.contains(name)
        @unknown default: false
        }
    }
    while let target = package.targets.first(where: { $0.dependencies.contains(where: isAbsent) }) {
        absent.insert(target.name)
        package.targets.removeAll { $0 === target }
    }
    package.products = []
}
