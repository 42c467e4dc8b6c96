import Foundation
import PatchbayCore
import Testing

@testable import PatchbayTemplates

@Suite struct TemplatesTests {
    /// The repository's folder.
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let plugins: [NewPlugin] = NewPlugin.Language.allCases.flatMap { language in
        language.kinds.compactMap { try? NewPlugin(kind: $0, name: "blue-rose", language: language, patchbay: .folder("/opt/patchbay")) }
    }

    @Test func `The program holds the files of templates/ as they are`() throws {
        let folder = Self.root.appending(path: "templates")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { !folder.appending(path: $0).hasDirectoryPath }
            .filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: folder.appending(path: path).path, isDirectory: &isFolder)
                    && !isFolder.boolValue
            }
        let held = Templates.sources.filter { $0.path != Templates.header }
        #expect(Set(held.map(\.path)) == Set(paths), "run scripts/templates")
        for (path, text) in held {
            #expect(try Data(contentsOf: folder.appending(path: path)) == Data(text.utf8), "\(path)")
        }
        let header = Self.root.appending(path: "Sources/CPatchbay/include/patchbay_plugin.h")
        #expect(try Data(contentsOf: header) == Templates.sources.first { $0.path == Templates.header }.map { Data($0.text.utf8) })
    }

    @Test(arguments: plugins.indices)
    func `A rendered plugin holds nothing of the template's name, and no place that was not filled`(index: Int) {
        let files = Templates.render(Self.plugins[index])
        #expect(files.count > 1)
        #expect(Set(files.map(\.path)).count == files.count)
        for file in files where file.path != Templates.header {
            #expect(!(file.path + file.text).lowercased().contains("acme"), "\(file.path)")
            #expect(file.text.firstMatch(of: /@[A-Z]+@/) == nil, "\(file.path)")
        }
    }

    @Test func `A name with hyphens becomes a Swift name, and Cargo's file`() throws {
        let swift = try NewPlugin(kind: .codec, name: "blue-rose", language: .swift, patchbay: .folder("/opt/patchbay"))
        #expect(swift.typeName == "BlueRose")
        #expect(Templates.render(swift).contains { $0.path == "Sources/BlueRosePlugin/BlueRoseCodec.swift" })
        let rust = try NewPlugin(kind: .codec, name: "blue-rose", language: .rust, patchbay: nil)
        #expect(rust.artifact == "target/release/libblue_rose.so")
    }

    @Test(arguments: [
        "", "Blue", "1st", "blue_rose", "-blue", "blue-", "../blue", "bläu", "patchbay", "bare", String(repeating: "a", count: 49),
    ])
    func `A name that no URL can have is refused`(name: String) {
        let error = #expect(throws: PatchbayError.self) { try NewPlugin(kind: .codec, name: name, language: .c, patchbay: nil) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `What a language cannot bring is refused`() {
        #expect(throws: PatchbayError.self) { try NewPlugin(kind: .framing, name: "blue", language: .c, patchbay: nil) }
        #expect(throws: PatchbayError.self) { try NewPlugin(kind: .codec, name: "blue", language: .manifest, patchbay: nil) }
        #expect(throws: PatchbayError.self) { try NewPlugin(kind: .codec, name: "blue", language: .swift, patchbay: nil) }
    }

    @Test func `A repository is named as SwiftPM names it`() throws {
        let location = PatchbayLocation("https://example.org/forge/patchbay-mirror.git")
        let plugin = try NewPlugin(kind: .codec, name: "blue", language: .swift, patchbay: location)
        let manifest = try #require(Templates.render(plugin).first { $0.path == "Package.swift" })
        #expect(manifest.text.contains(#".package(url: "https://example.org/forge/patchbay-mirror.git", branch: "main")"#))
        #expect(manifest.text.contains(#"package: "patchbay-mirror""#))
    }

    @Test func `A folder is written once, and never over what is there`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "templates-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let plugin = try NewPlugin(kind: .processor, name: "blue", language: .c, patchbay: nil)
        try Templates.write(plugin, to: folder.path)
        let text = try String(contentsOf: folder.appending(path: "blue.c"), encoding: .utf8)
        #expect(text == Templates.render(plugin).first { $0.path == "blue.c" }?.text)
        let error = #expect(throws: PatchbayError.self) { try Templates.write(plugin, to: folder.path) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `The package around a program is found by its files`() {
        #expect(PatchbayLocation.around(program: Self.root.path + "/.build/debug/patchbay") == .folder(Self.root.path))
        #expect(PatchbayLocation.around(program: "/usr/bin/patchbay") == nil)
    }
}
