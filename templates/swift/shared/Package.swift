// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "acme",
    products: [
        // To link the plugin into a program: registry.register(AcmePlugin()).
        .library(name: "AcmePlugin", targets: ["AcmePlugin"]),
        // To load it: libacme.so.
        .library(name: "acme", type: .dynamic, targets: ["AcmeExport"]),
    ],
    dependencies: [
        @DEPENDENCY@
    ],
    targets: [
        .target(name: "AcmePlugin", dependencies: [.product(name: "PatchbayCore", package: "@PACKAGE@")]),
        // What the plugin says of itself in a section of the file, which `patchbay list` reads without running it.
        .target(name: "AcmeMetadata", dependencies: [.product(name: "PatchbayPlugin", package: "@PACKAGE@")]),
        .target(
            name: "AcmeExport",
            dependencies: ["AcmePlugin", "AcmeMetadata", .product(name: "PatchbayPlugin", package: "@PACKAGE@")],
            // The Swift runtime is part of the file, so that it runs where no Swift is installed; and nothing but the entry is visible,
            // so that it shares no symbol with its host or with other plugins.
            linkerSettings: [
                .unsafeFlags([
                    "-static-stdlib", "-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map", "-Xlinker", "--gc-sections",
                ]),
                // Half the size. Leave it out to see names in the backtrace of a crash.
                .unsafeFlags(["-Xlinker", "--strip-all"], .when(configuration: .release)),
            ]
        ),
        .testTarget(
            name: "AcmePluginTests",
            dependencies: ["AcmePlugin", "AcmeMetadata", .product(name: "PatchbayPlugin", package: "@PACKAGE@")]
        ),
    ]
)
