internal import PatchbayCore

/// How success is told after a call, ready to be asked.
struct BoundTest: Sendable {
    private let test: ReturnTest?
    private let predicate: BoundCall?

    init(_ test: SuccessTest?, in library: BoundLibrary) throws(PatchbayError) {
        switch test {
        case .comparison(let test):
            self.test = test
            predicate = nil
        case .predicate(let call):
            guard case .comparison(let test)? = call.test else {
                throw PatchbayError(.invalidArgument, "a predicate is judged by a comparison", stage: .plugin)
            }
            self.test = test
            // Predicates take no options.
            predicate = try BoundCall(try PreparedCall(call, in: library)) { _ in 0 }
        case nil:
            self.test = nil
            predicate = nil
        }
    }

    @inline(__always)
    func holds(after call: BoundCall, _ frame: CallFrame) -> Bool {
        guard let test else { return true }
        guard let predicate else { return test.holds(for: call.result?.value(of: frame.returned) ?? 0) }
        var asked = CallFrame()
        asked.returned = frame.returned
        predicate.call(&asked)
        return test.holds(for: predicate.result?.value(of: asked.returned) ?? 0)
    }
}
