/// One named text that travels in the greeting.
public struct HandshakeDatum: Sendable, Hashable {
    public var name: String
    public var value: String
    package var hidesName: Bool
    package var hidesValue: Bool

    package init(name: String, value: String, hidesName: Bool = false, hidesValue: Bool = false) {
        self.name = name
        self.value = value
        self.hidesName = hidesName
        self.hidesValue = hidesValue
    }

    var shownName: String { hidesName ? Redaction.mark : name }
    var shownValue: String { hidesValue ? Redaction.mark : value }
}

extension HandshakeDatum: CustomStringConvertible, CustomReflectable {
    /// Without what the URL hides.
    public var description: String { "\(shownName)=\(shownValue)" }

    public var customMirror: Mirror { Mirror(self, children: ["name": shownName, "value": shownValue]) }
}
