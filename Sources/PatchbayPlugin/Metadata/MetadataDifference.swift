internal import PatchbayCore

/// Where two texts of metadata differ; the order of an object's fields does not count.
enum MetadataDifference {
    /// The first difference, in words; nil where there is none.
    static func first(_ file: Value, _ code: Value, at path: String = "") -> String? {
        switch (file, code) {
        case (.map(let file), .map(let code)):
            let inFile = fields(file)
            let inCode = fields(code)
            for pair in code.pairs {
                guard case .string(let name) = pair.key else { continue }
                let place = path.isEmpty ? name : "\(path).\(name)"
                guard let value = inFile[name] else { return "'\(place)' is missing in the file" }
                if let difference = first(value, pair.value, at: place) { return difference }
            }
            let surplus = inFile.keys.filter { inCode[$0] == nil }.min()
            return surplus.map { "'\(path.isEmpty ? $0 : "\(path).\($0)")' is in the file, and not in the code" }
        case (.array(let file), .array(let code)):
            for (index, pair) in zip(file, code).enumerated() {
                if let difference = first(pair.0, pair.1, at: "\(path)[\(index)]") { return difference }
            }
            return file.count == code.count ? nil : "'\(path)' has \(file.count) elements in the file, \(code.count) in the code"
        default:
            return file == code ? nil : "'\(path)' is \(file) in the file, \(code) in the code"
        }
    }

    private static func fields(_ map: ValueMap) -> [String: Value] {
        var fields: [String: Value] = [:]
        for pair in map.pairs { if case .string(let name) = pair.key { fields[name] = pair.value } }
        return fields
    }
}
