/// The declaration of a C function, as its header has it.
struct Prototype: Sendable, Hashable {
    var name: String
    var result: CType
    /// What it takes, in order.
    var parameters: [CType]

    /// More than any function that a manifest can describe.
    static let mostParameters = 16

    /// Words of C that make a function one that no manifest can call, with the reason.
    static let refusedWords: [String: String] = [
        "union": "a union cannot be passed by a manifest",
        "inline": "an inline function is not in the library",
        "static": "a static function is not in the library",
        "float": "no role has a floating point number",
        "double": "no role has a floating point number",
        "_Complex": "no role has a complex number",
        "volatile": "volatile has no meaning here; leave it out where the function allows it",
        "va_list": "a variable number of arguments cannot be passed by a manifest",
        "__int128": "an integer has at most 64 bits",
    ]
}

/// Why a text is no prototype, or not one that a manifest can call.
struct PrototypeFault: Error, Hashable {
    var message: String

    init(_ message: String) { self.message = message }
}
