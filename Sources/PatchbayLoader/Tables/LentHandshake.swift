struct LentHandshake {}
extension Loan {
    func prepareHandshake(_ host: UnsafeMutableRawPointer) {}
}
