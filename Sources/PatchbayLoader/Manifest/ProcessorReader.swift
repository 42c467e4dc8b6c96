internal import PatchbayCore

/// Reads how a layer's functions are called.
struct ProcessorReader {
    let calls: CallReader
    let layer: LayerMetadata

    private var options: [OptionMetadata] { layer.options ?? [] }

    func processor(_ node: ManifestNode) throws(PatchbayError) -> ProcessorBinding {
        // The names were checked with the metadata.
        let members = try node.members(["kind", "name", "summary", "options", "examples", "positions", "expansion", "encode", "decode"])
        let encodeNode = try node.require("encode", of: members)
        let decodeNode = try node.require("decode", of: members)
        let encode = try transform(encodeNode, more: ["bound"], otherwise: .internal)
        let decode = try transform(decodeNode, more: ["outCap"], otherwise: .corrupt)
        let bound = try bound(try encodeNode.require("bound", of: try fields(of: encodeNode, ["bound"])), encode)
        let capacityNode = try decodeNode.require("outCap", of: try fields(of: decodeNode, ["outCap"]))
        let (capacity, maximum) = try capacity(capacityNode)
        if case .growth = capacity, !decode.canAskForMore {
            throw capacityNode.fault(
                "the room grows when the decoder says bufferTooSmall or tooSmallIfFull, and no code in its 'errors' means that"
            )
        }
        try checkUse(encode, decode, bound, node)
        return ProcessorBinding(
            encode: encode,
            bound: bound,
            decode: decode,
            capacity: capacity,
            maximum: maximum,
            expansion: layer.expansion
        )
    }

    private static let transformFields: Set<String> = ["outLen", "errors", "ctx"]

    private func fields(of node: ManifestNode, _ more: Set<String>) throws(PatchbayError) -> [String: ManifestNode] {
        try node.members(CallReader.fields.union(Self.transformFields).union(more))
    }

    private func transform(_ node: ManifestNode, more: Set<String>, otherwise: CallFailure) throws(PatchbayError) -> TransformDescription {
        let members = try fields(of: node, more)
        let call = try calls.call(node, for: .transform, options: options, more: Self.transformFields.union(more))
        let length = try length(try node.require("outLen", of: members), call)
        let failures = try failures(members["errors"], call, otherwise: otherwise)
        if call.test == nil, length == .returned || call.resultInteger != nil {
            throw node.fault("'ok' is missing: how does \(call.prototype.name) say that it failed?")
        }
        var context: ContextDescription?
        if let node = members["ctx"] {
            let members = try node.members(["create", "free"])
            context = ContextDescription(
                create: try calls.call(try node.require("create", of: members), for: .create, options: options),
                free: try calls.call(try node.require("free", of: members), for: .free, options: [])
            )
        }
        guard context != nil || !call.roles.contains(.context) else {
            throw node.fault("the role ctx needs the field 'ctx' with 'create' and 'free'")
        }
        return TransformDescription(call: call, length: length, failures: failures.codes, otherwise: failures.otherwise, context: context)
    }

    private func length(_ node: ManifestNode, _ call: CallDescription) throws(PatchbayError) -> SizeSource {
        switch try node.text() {
        case "ret":
            guard call.prototype.result.integer != nil else { throw node.fault("\(call.prototype.name) returns no number") }
            return .returned
        case "inout:outLen" where call.roles.contains(.outputLengthCell), "inout:outPos" where call.roles.contains(.outputPositionCell):
            return .cell
        default:
            throw node.fault(
                "the output's length is \"ret\", or the argument of \(call.prototype.name) with the role inout:outLen or inout:outPos"
            )
        }
    }

    private func failures(
        _ node: ManifestNode?,
        _ call: CallDescription,
        otherwise: CallFailure
    ) throws(PatchbayError) -> (codes: [UInt64: CallFailure], otherwise: CallFailure) {
        var codes: [UInt64: CallFailure] = [:]
        var otherwise = otherwise
        guard let node else { return (codes, otherwise) }
        guard let result = call.resultInteger else { throw node.fault("\(call.prototype.name) returns no code") }
        for (name, meaning) in try node.namedMembers() {
            let text = try meaning.text()
            guard let failure = CallFailure(rawValue: text) else {
                throw meaning.fault("'\(text)' is no failure; there are: \(CallFailure.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            if name == "otherwise" {
                otherwise = failure
                continue
            }
            // A library that returns errors as huge unsigned numbers writes them as negative ones.
            let signed = CInteger(bits: result.bits, isSigned: true)
            guard let code = ArgumentRole.number(name), result.range.contains(code) || signed.range.contains(code) else {
                throw meaning.fault("'\(name)' is no number that \(call.prototype.name) returns, nor the word otherwise")
            }
            let bits = UInt64(truncatingIfNeeded: code)
            codes[result.bits == 64 ? bits : bits & ((1 << UInt64(result.bits)) - 1)] = failure
        }
        return (codes, otherwise)
    }

    private func bound(_ node: ManifestNode, _ encode: TransformDescription) throws(PatchbayError) -> ProcessorBinding.Bound {
        guard case .string(let text) = node.value else {
            let call = try calls.call(node, for: .bound, options: options)
            guard encode.context != nil || !call.roles.contains(.context) else {
                throw node.fault("'encode' has no context for the role ctx")
            }
            return .function(call)
        }
        guard let formula = SizeFormula(text) else {
            throw node.fault("a bound is a formula of n, +, *, / and whole numbers, such as \"n + n/255 + 16\", or a function")
        }
        return .formula(formula)
    }

    private func capacity(_ node: ManifestNode) throws(PatchbayError) -> (ProcessorBinding.DecodedCapacity, Int) {
        let members = try node.members(["prefix", "grow", "function", "roles", "ok", "outLen", "errors", "maximum"])
        let maximum = try maximum(try node.require("maximum", of: members))
        guard [members["prefix"], members["grow"], members["function"]].count(where: { $0 != nil }) == 1 else {
            throw node.fault("'outCap' has one of: 'prefix', 'function', 'grow'")
        }
        if let prefix = members["prefix"] {
            guard members.count == 2 else { throw node.fault("beside 'prefix' stands 'maximum' alone") }
            guard let prefix = LengthPrefix(rawValue: try prefix.text()) else {
                throw prefix.fault("a prefix is one of: \(LengthPrefix.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return (.prefix(prefix), maximum)
        }
        if let grow = members["grow"] {
            guard members.count == 2 else { throw node.fault("beside 'grow' stands 'maximum' alone") }
            let times = try grow.integer()
            guard (1...1024).contains(times) else { throw grow.fault("the first room is 1 to 1024 times the input") }
            return (.growth(times: times), maximum)
        }
        let call = try calls.call(node, for: .size, options: [], more: ["outLen", "errors", "maximum"])
        let length = try length(try node.require("outLen", of: members), call)
        guard length == .returned || call.test != nil else {
            throw node.fault("'ok' is missing: how does \(call.prototype.name) say that it failed?")
        }
        let failures = try failures(members["errors"], call, otherwise: .corrupt)
        return (.function(call, length, failures.codes, otherwise: failures.otherwise), maximum)
    }

    /// Bytes, as a number or as an option of a size is written.
    private func maximum(_ node: ManifestNode) throws(PatchbayError) -> Int {
        let text: String
        if case .int(let number) = node.value { text = String(number) } else { text = try node.text() }
        let specification = OptionSpecification("maximum", .size(1...ByteBounds.most), summary: "")
        guard let maximum = try? Options(["maximum": text], for: [specification]).integer("maximum") else {
            throw node.fault("a maximum is a size in bytes such as 4096 or \"16MiB\", from 1 to \(ByteBounds.most)")
        }
        return maximum
    }

    private func checkUse(
        _ encode: TransformDescription,
        _ decode: TransformDescription,
        _ bound: ProcessorBinding.Bound,
        _ node: ManifestNode
    ) throws(PatchbayError) {
        var roles = encode.call.roles + decode.call.roles
        for context in [encode.context, decode.context] { roles += context?.create.roles ?? [] }
        if case .function(let call) = bound { roles += call.roles }
        for option in options where !roles.contains(.option(option.name)) {
            throw node.fault("the option '\(option.name)' is the role of no argument: opt.\(option.name)")
        }
    }
}

extension TransformDescription {
    /// Whether any of its codes asks for more room.
    var canAskForMore: Bool {
        (Array(failures.values) + [otherwise]).contains { $0 == .bufferTooSmall || $0 == .tooSmallIfFull }
    }
}

/// What a buffer can hold at all.
enum ByteBounds {
    /// Its indices are 32 bits wide, and its capacity is a power of two.
    static let most = 1 << 31
}
