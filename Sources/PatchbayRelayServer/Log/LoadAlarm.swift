/// Tells once that a limit is four fifths used, and once that it is not any more: a pure state machine.
struct LoadAlarm: Sendable {
    enum Change: Sendable, Equatable {
        case crossed(RelayLoad)
        case back(RelayLoad)
    }

    static let threshold = 0.8
    /// Lower, so that a load that trembles around the threshold does not fill the log.
    static let calm = 0.7

    private var raised: Set<String> = []

    mutating func look(at loads: [RelayLoad]) -> [Change] {
        loads.compactMap { load in
            if load.share >= Self.threshold, raised.insert(load.name).inserted { return .crossed(load) }
            if load.share < Self.calm, raised.remove(load.name) != nil { return .back(load) }
            return nil
        }
    }
}
