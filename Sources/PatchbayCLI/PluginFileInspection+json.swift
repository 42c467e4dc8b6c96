internal import Patchbay
internal import PatchbayLoader

extension PluginFileInspection {
    /// The same for programs.
    var value: Value {
        [
            "plugin": report.value, "summary": .string(report.summary), "file": file, "interface": interfaceValue, "object": object,
            "threads": plugin.record?.outcome.threads.map { .string($0) } ?? .null, "lastCheck": lastCheck,
            "warnings": .array(report.warnings.map { .string($0) }), "layers": .array(layers.map(\.value)),
            "aliases": .array(
                (plugin.metadata?.aliases ?? []).map { ["name": .string($0.name), "expansion": Self.strings($0.expansion)] }
            ),
        ]
    }

    private var file: Value {
        guard let file = plugin.file else { return ["path": .string(plugin.path)] }
        return [
            "path": .string(plugin.path), "size": .int(file.identity.size), "owner": .string(Self.account(file.owner)),
            "mode": .string(file.mode), "sha256": hash.map { .string($0) } ?? .null,
        ]
    }

    private var interfaceValue: Value {
        ["builtFor": plugin.metadata.map { .string($0.patchbay) } ?? .null, "host": .string(interface)]
    }

    private var object: Value {
        guard let object = plugin.object else { return .null }
        return [
            "needed": Self.strings(object.needed), "missing": Self.strings(plugin.missingLibraries),
            "searchFolders": Self.strings(object.searchFolders), "swiftRuntime": .string(object.swiftRuntime.rawValue),
            "exports": Self.strings(exports),
        ]
    }

    private var lastCheck: Value {
        guard let record = plugin.record else { return .null }
        let outcome = record.outcome
        return [
            "time": .string(Self.time(record.checkedAt)), "passed": .bool(outcome.hasPassed), "stage": .string(outcome.stage.rawValue),
            "reason": .string(outcome.reason), "advice": .string(outcome.advice), "log": Self.strings(outcome.log),
            "milliseconds": .int(Int64(outcome.milliseconds)),
        ]
    }

    private static func strings(_ strings: [String]) -> Value { .array(strings.map { .string($0) }) }
}
