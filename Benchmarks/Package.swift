// swift-tools-version:6.2
import PackageDescription

// A package of its own, so that nobody who depends on Patchbay resolves or builds its benchmarks. Its settings are those
// of the package that it measures; see there for their reasons.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "patchbay-benchmarks",
    dependencies: [
        .package(name: "patchbay", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // AsyncChannel, beside which `Connection.pipe()` is measured.
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    ],
    targets: [
        .executableTarget(
            name: "patchbay-bench",
            dependencies: [
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "PatchbayLoader", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // Two tasks of one process.
        .executableTarget(
            name: "pipe-bench",
            dependencies: [
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // What it costs to start a program that uses Patchbay.
        .executableTarget(
            name: "patchbay-start",
            dependencies: [.product(name: "Patchbay", package: "patchbay")],
            swiftSettings: settings
        ),
        // Our codecs and Foundation's; their other peers are programs in Peers/codecs.
        .executableTarget(
            name: "codec-bench",
            dependencies: [
                "BenchMeasurement",
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // The records of noise; the limit is a program in Peers/aead.
        .executableTarget(
            name: "noise-bench",
            dependencies: [
                "BenchMeasurement",
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .target(name: "BenchMeasurement", swiftSettings: settings),
        // What registrations and circuits cost a relay.
        .executableTarget(
            name: "relay-load",
            dependencies: [
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // What the plugin interface costs, with the plugins of Plugins/.
        .target(name: "CMasking"),
        .executableTarget(
            name: "plugin-bench",
            dependencies: [
                "CMasking",
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "PatchbayLoader", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // Work of a fixed amount, for scripts/gates.
        .target(name: "CGateMarks"),
        .executableTarget(
            name: "gate-workload",
            dependencies: [
                "CGateMarks",
                .product(name: "Patchbay", package: "patchbay"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "gate-minimal",
            dependencies: [.product(name: "Patchbay", package: "patchbay")],
            swiftSettings: settings
        ),
    ]
)
