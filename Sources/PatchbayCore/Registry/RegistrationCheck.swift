/// The rules that what a plugin registers must keep.
package struct RegistrationCheck {
    /// Names that mean something else in a URL: `bare`, `data.NAME=`, `connection.<option>=`.
    static let reserved: Set<String> = ["bare", "data", "connection"]

    var plugin: String

    func pluginName(taken: Bool) throws(PatchbayError) {
        guard Self.isName(plugin) else { throw refuse("its name must be [a-z][a-z0-9-]*") }
        guard !taken else { throw refuse("a plugin of that name is registered already; register it once, or rename one") }
    }

    func name(_ name: String, takenBy other: String?) throws(PatchbayError) {
        guard Self.isName(name) else { throw refuse("the name '\(name)' must be [a-z][a-z0-9-]*") }
        guard !Self.reserved.contains(name) else { throw refuse("the name '\(name)' is reserved; choose another") }
        if let other { throw refuse("the name '\(name)' is taken by the plugin '\(other)'; rename one, or leave one plugin out") }
    }

    func options(of layer: Layer) throws(PatchbayError) {
        var names: Set<String> = []
        for option in layer.options {
            let place = "the option '\(option.name)' of '\(layer.name)'"
            guard Self.isName(option.name) else { throw refuse("\(place) must be named [a-z][a-z0-9-]*") }
            for name in [option.name] + (option.isSecret ? [option.name + "-file", option.name + "-env"] : []) {
                guard names.insert(name).inserted else { throw refuse("\(place) is declared twice, as '\(name)'") }
            }
            if option.isSecret {
                guard case .text = option.kind, !option.isList, option.defaultText == nil, !option.changesWire else {
                    throw refuse("\(place) is secret: it must be a text, without a default, not a list, no part of the wire's stack")
                }
            }
            if let text = option.defaultText {
                do throws(OptionFault) { _ = try OptionText.check(Array(text.utf8), option.kind) } catch {
                    throw refuse("the default of \(place) does not fit: \(error.message)")
                }
            }
        }
        if case .authenticator(let traits, _) = layer.maker, traits.medium == .stream, !traits.encrypts {
            throw refuse("'\(layer.name)' comes before the greeting, whose data would then be readable: it must encrypt")
        }
        if case .authenticator(let traits, _) = layer.maker, let password = traits.passwordOption {
            guard layer.options.contains(where: { $0.name == password && $0.isSecret }) else {
                throw refuse("'\(layer.name)' takes the password as '\(password)', which must be an option of its own, declared secret")
            }
        }
    }

    func expansion(of alias: Alias) throws(PatchbayError) {
        guard !alias.expansion.isEmpty, !alias.expansion.contains(alias.name), alias.expansion.allSatisfy(Self.isName) else {
            throw refuse("the alias '\(alias.name)' must stand for names of layers other than itself")
        }
    }

    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLowerCase else { return false }
        return text.utf8.allSatisfy { $0.isLowerCase || $0.isDigit || $0 == UInt8(ascii: "-") }
    }

    private func refuse(_ reason: String) -> PatchbayError {
        PatchbayError(.invalidArgument, "the plugin '\(plugin)' cannot be registered: \(reason)", stage: .plugin)
    }
}
