/// A capacity that depends on the input's length, such as `n + n/255 + 16`.
///
/// Sums and products of whole numbers and `n`, with `/` rounding down, and parentheses.
struct SizeFormula: Sendable, Hashable {
    private indirect enum Term: Sendable, Hashable {
        case length
        case number(Int)
        case sum(Term, Term)
        case product(Term, Term)
        case quotient(Term, Term)
    }

    private let term: Term

    /// Nil where the text is no formula.
    init?(_ text: String) {
        let bytes = Array(text.utf8).filter { $0 != 0x20 }
        guard bytes.count <= 200 else { return nil }
        var parser = Parser(bytes: bytes[...])
        guard let term = parser.sum(depth: 0), parser.bytes.isEmpty else { return nil }
        self.term = term
    }

    /// Nil where it passes what an `Int` holds, or divides by zero.
    func value(of length: Int) -> Int? { Self.value(term, length) }

    private static func value(_ term: Term, _ length: Int) -> Int? {
        func combine(_ left: Term, _ right: Term, _ operation: (Int) -> (Int) -> (Int, Bool)) -> Int? {
            guard let left = value(left, length), let right = value(right, length) else { return nil }
            let (result, overflow) = operation(left)(right)
            return overflow ? nil : result
        }
        switch term {
        case .length: return length
        case .number(let number): return number
        case .sum(let left, let right):
            return combine(left, right) { left in
                {
                    let sum = left.addingReportingOverflow($0)
                    return (sum.partialValue, sum.overflow)
                }
            }
        case .product(let left, let right):
            return combine(left, right) { left in
                {
                    let product = left.multipliedReportingOverflow(by: $0)
                    return (product.partialValue, product.overflow)
                }
            }
        case .quotient(let left, let right):
            return combine(left, right) { left in
                {
                    let quotient = left.dividedReportingOverflow(by: $0)
                    return (quotient.partialValue, quotient.overflow)
                }
            }
        }
    }

    private struct Parser {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ byte: Unicode.Scalar) -> Bool {
            guard bytes.first == UInt8(ascii: byte) else { return false }
            bytes.removeFirst()
            return true
        }

        mutating func sum(depth: Int) -> Term? {
            guard depth < 16, var term = product(depth: depth) else { return nil }
            while take("+") {
                guard let next = product(depth: depth) else { return nil }
                term = .sum(term, next)
            }
            return term
        }

        mutating func product(depth: Int) -> Term? {
            guard var term = factor(depth: depth) else { return nil }
            while true {
                if take("*") {
                    guard let next = factor(depth: depth) else { return nil }
                    term = .product(term, next)
                } else if take("/") {
                    guard let next = factor(depth: depth), next != .number(0) else { return nil }
                    term = .quotient(term, next)
                } else {
                    return term
                }
            }
        }

        mutating func factor(depth: Int) -> Term? {
            if take("n") { return .length }
            if take("(") {
                guard let term = sum(depth: depth + 1), take(")") else { return nil }
                return term
            }
            let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
            bytes = bytes.dropFirst(digits.count)
            return .number(number)
        }
    }
}
