extension Stack {
    /// Codec, processors, framing and authenticators with the options that change the wire, defaults included, by name.
    ///
    /// Texts are percent-encoded, so that no value can look like another stack.
    static func wireText(_ layers: [(layer: Layer, options: Options)]) -> String {
        layers.filter { $0.layer.kind != .transport }.map { entry in
            let agreed = entry.layer.options.filter(\.changesWire).sorted { $0.name < $1.name }.compactMap { specification -> String? in
                guard let value = entry.options.values[specification.name]?.value else { return nil }
                if case .list(let list) = value {
                    return list.map { "\(specification.name)=\(PercentCoding.encode($0))" }.joined(separator: ",")
                }
                return OptionText.written(value, specification.kind).map { "\(specification.name)=\(PercentCoding.encode($0))" }
            }
            return entry.layer.name + (agreed.isEmpty ? "" : "(\(agreed.joined(separator: ",")))")
        }.joined(separator: "+")
    }
}
