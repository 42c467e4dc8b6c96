internal import PatchbayCore

/// Reads a function and its roles, and checks them against each other.
struct CallReader {
    /// What names of the header mean.
    let types: [String: CType]

    /// The fields of every call.
    static let fields: Set<String> = ["function", "roles", "ok"]

    /// - Parameter more: fields that the caller reads.
    func call(
        _ node: ManifestNode,
        for purpose: CallDescription.Purpose,
        options: [OptionMetadata],
        more: Set<String> = []
    ) throws(PatchbayError) -> CallDescription {
        let members = try node.members(Self.fields.union(more))
        let function = try node.require("function", of: members)
        let prototype: Prototype
        do throws(PrototypeFault) { prototype = try PrototypeParser.prototype(try text(of: function), types: types) } catch {
            throw function.fault(error.message)
        }
        guard !RefusedSymbols.holds(function: prototype.name) else {
            throw function.fault("'\(prototype.name)' belongs to the C library, the loader or the process, and is never bound")
        }
        let list = try node.require("roles", of: members)
        let roles = try roles(list, of: prototype, for: purpose, options: options)
        var call = CallDescription(prototype: prototype, roles: roles)
        if let test = members["ok"] { call.test = try success(test, of: call, for: purpose) }
        try checkShape(call, for: purpose, list)
        return call
    }

    /// A text too long for a prototype is told by the parser, so only its kind is checked here.
    private func text(of node: ManifestNode) throws(PrototypeFault) -> String {
        guard case .string(let text) = node.value else { throw PrototypeFault("a prototype in C is due here") }
        return text
    }

    private func roles(
        _ list: ManifestNode,
        of prototype: Prototype,
        for purpose: CallDescription.Purpose,
        options: [OptionMetadata]
    ) throws(PatchbayError) -> [ArgumentRole] {
        let nodes = try list.elements()
        guard nodes.count == prototype.parameters.count else {
            throw list.fault("\(prototype.name) has \(prototype.parameters.count) parameters, and here are \(nodes.count) roles")
        }
        var roles: [ArgumentRole] = []
        for (index, node) in nodes.enumerated() {
            let text = try node.text()
            guard let role = ArgumentRole(text) else { throw node.fault("'\(text)' is no role; there are: \(ArgumentRole.spellings)") }
            guard purpose.allows(role) else { throw node.fault("\(purpose.rawValue) has no argument with the role '\(text)'") }
            let type = prototype.parameters[index]
            if let misfit = role.misfit(type) {
                throw node.fault("argument \(index + 1) of \(prototype.name) has the role '\(text)', so it \(misfit)")
            }
            if case .option(let name) = role { try check(option: name, type, options, node) }
            let repeats =
                switch role {
                case .constant, .constantCell, .null, .option: false
                default: roles.contains(role)
                }
            guard !repeats else { throw node.fault("the role '\(text)' stands here twice") }
            roles.append(role)
        }
        return roles
    }

    private func check(option name: String, _ type: CType, _ options: [OptionMetadata], _ node: ManifestNode) throws(PatchbayError) {
        guard let option = options.first(where: { $0.name == name }) else {
            throw node.fault("the layer declares no option '\(name)'")
        }
        guard let integer = type.integer, let range = OptionReader.range(of: option), integer.range.contains(Int128(range.lowerBound)),
            integer.range.contains(Int128(range.upperBound))
        else { throw node.fault("the option '\(name)' can have values that its argument does not hold") }
    }

    private func success(
        _ node: ManifestNode,
        of call: CallDescription,
        for purpose: CallDescription.Purpose
    ) throws(PatchbayError) -> SuccessTest {
        guard let result = call.resultInteger else { throw node.fault("\(call.prototype.name) returns nothing that could be compared") }
        if case .map = node.value {
            guard purpose != .predicate else { throw node.fault("a predicate is judged by a comparison") }
            let predicate = try self.call(node, for: .predicate, options: [])
            for (type, role) in zip(predicate.prototype.parameters, predicate.roles) where role == .returned && type.integer != result {
                throw node.fault("\(predicate.prototype.name) takes another type than \(call.prototype.name) returns")
            }
            return .predicate(predicate)
        }
        let text = try node.text()
        guard let test = ReturnTest(text) else {
            throw node.fault("one comparison such as \"ret >= 0\" is due here (==, !=, <, <=, >, >=), or a predicate with 'function'")
        }
        guard result.range.contains(test.number) else {
            throw node.fault("\(call.prototype.name) never returns \(test.number)")
        }
        return .comparison(test)
    }
}
