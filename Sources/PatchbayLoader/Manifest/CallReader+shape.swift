internal import PatchbayCore

extension CallReader {
    /// Checks that a function has all that its purpose needs.
    func checkShape(_ call: CallDescription, for purpose: CallDescription.Purpose, _ node: ManifestNode) throws(PatchbayError) {
        let roles = Set(call.roles)
        func one(of wanted: [ArgumentRole], _ what: String) throws(PatchbayError) {
            guard wanted.count(where: roles.contains) == 1 else {
                throw node.fault("\(call.prototype.name) needs one argument with \(what)")
            }
        }
        switch purpose {
        case .transform:
            try one(of: [.inputPointer], "the role in.ptr")
            try one(of: [.inputLength, .inputLengthCell], "the role in.len or inout:inLen")
            try one(of: [.outputPointer], "the role out.ptr")
            try one(of: [.outputCapacity, .outputLengthCell], "the output's bound: the role out.cap or inout:outLen")
            guard !roles.isSuperset(of: [.inputLengthCell, .inputPositionCell]) else {
                throw node.fault("inout:inPos stands beside in.len, not beside inout:inLen")
            }
            guard !roles.isSuperset(of: [.outputLengthCell, .outputPositionCell]) else {
                throw node.fault("inout:outPos stands beside out.cap, not beside inout:outLen")
            }
        case .bound:
            try one(of: [.inputLength], "the role in.len")
            guard call.prototype.result.integer != nil else { throw node.fault("\(call.prototype.name) returns no number for a bound") }
        case .size:
            try one(of: [.inputPointer], "the role in.ptr")
            try one(of: [.inputLength], "the role in.len")
        case .create:
            let isReturned = call.prototype.result.pointsAtOpaque
            guard isReturned != roles.contains(.contextCell) else {
                throw node.fault(
                    "\(call.prototype.name) gives the context in one way: returned, or through an argument with the role inout:ctx"
                )
            }
            guard isReturned || call.test != nil else {
                throw node.fault("'ok' is missing: how does \(call.prototype.name) say that it failed?")
            }
        case .free: try one(of: [.context], "the role ctx")
        case .initialize: break
        case .predicate:
            try one(of: [.returned], "the role ret")
            guard call.test != nil else { throw node.fault("'ok' is missing, such as \"ret == 0\"") }
        }
    }
}
