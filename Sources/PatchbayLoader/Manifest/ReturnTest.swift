/// One comparison on what a function returned, such as `ret >= 0`.
struct ReturnTest: Sendable, Hashable {
    enum Operator: String, Sendable, CaseIterable {
        case equal = "=="
        case unequal = "!="
        case atMost = "<="
        case atLeast = ">="
        case less = "<"
        case greater = ">"
    }

    let comparison: Operator
    let number: Int128

    /// Nil where the text is no comparison. `null` is 0.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[0] == "ret", let comparison = Operator(rawValue: String(words[1])),
            let number = words[2] == "null" ? 0 : ArgumentRole.number(words[2])
        else { return nil }
        self.comparison = comparison
        self.number = number
    }

    func holds(for value: Int128) -> Bool {
        switch comparison {
        case .equal: value == number
        case .unequal: value != number
        case .atMost: value <= number
        case .atLeast: value >= number
        case .less: value < number
        case .greater: value > number
        }
    }
}
