/// A small `Codable`: a few fields of different kinds, as most messages have.
struct Record: Codable {
    var number: Int
    var name = "worker 17"
    var load = 0.75
    var isReady = true
    var tags = ["fast", "local"]

    /// Asks the server to send this one back.
    static let last = -1
}

/// A small `Codable` whose fields need no allocation of their own, so that what is counted is the codec's and the connection's.
struct FlatRecord: Codable {
    var number: Int
    var name = "worker 17"
    var load = 0.75
    var isReady = true
}
