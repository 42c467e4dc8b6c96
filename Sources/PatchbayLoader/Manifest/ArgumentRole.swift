/// What one argument of a bound function is for.
enum ArgumentRole: Sendable, Hashable {
    /// Where the input lies.
    case inputPointer
    /// How long it is.
    case inputLength
    /// A cell with the input's length, which then holds how much of it was read.
    case inputLengthCell
    /// A cell with zero, which then holds how much of the input was read.
    case inputPositionCell
    /// Where the output goes.
    case outputPointer
    /// How much room there is.
    case outputCapacity
    /// A cell with the room, which then holds the output's length.
    case outputLengthCell
    /// A cell with zero, which then holds the output's length.
    case outputPositionCell
    /// A cell with a number, whatever it then holds.
    case constantCell(Int128)
    case constant(Int128)
    /// The value of an option of the layer.
    case option(String)
    case null
    /// What `create` made.
    case context
    /// A cell in which `create` leaves what it made.
    case contextCell
    /// What the function before returned, for a predicate.
    case returned

    /// Nil where the text is no role.
    init?(_ text: String) {
        switch text {
        case "in.ptr": self = .inputPointer
        case "in.len": self = .inputLength
        case "out.ptr": self = .outputPointer
        case "out.cap": self = .outputCapacity
        case "inout:inLen": self = .inputLengthCell
        case "inout:inPos": self = .inputPositionCell
        case "inout:outLen": self = .outputLengthCell
        case "inout:outPos": self = .outputPositionCell
        case "inout:ctx": self = .contextCell
        case "null": self = .null
        case "ctx": self = .context
        case "ret": self = .returned
        default:
            if text.hasPrefix("opt."), text.utf8.count > 4 {
                self = .option(String(text.dropFirst(4)))
            } else if text.hasPrefix("const:"), let number = Self.number(text.dropFirst(6)) {
                self = .constant(number)
            } else if text.hasPrefix("inout:const:"), let number = Self.number(text.dropFirst(12)) {
                self = .constantCell(number)
            } else {
                return nil
            }
        }
    }

    /// Every spelling, for errors.
    static let spellings =
        "in.ptr, in.len, out.ptr, out.cap, inout:inLen, inout:inPos, inout:outLen, inout:outPos, inout:const:N, const:N, opt.NAME, null, "
        + "ctx, inout:ctx, ret"

    /// A decimal number within 64 bits of either sign.
    static func number(_ text: some StringProtocol) -> Int128? {
        guard text.utf8.count <= 20, text.utf8.first != UInt8(ascii: "+") else { return nil }
        guard let number = Int128(text), (Int128(Int64.min)...Int128(UInt64.max)).contains(number) else { return nil }
        return number
    }

    /// Why an argument of this type cannot have this role; nil where it can.
    func misfit(_ type: CType) -> String? {
        switch self {
        case .inputPointer: type.pointsAtBytes ? nil : "points at bytes (void, char or uint8_t)"
        case .outputPointer: type.pointsAtWritableBytes ? nil : "points at bytes that are not const"
        case .inputLength, .outputCapacity, .option, .returned: type.integer == nil ? "is an integer" : nil
        case .inputLengthCell, .inputPositionCell, .outputLengthCell, .outputPositionCell:
            type.integerCell == nil ? "points at an integer of at least 16 bits that is not const" : nil
        case .constant(let number):
            type.integer.map { $0.range.contains(number) } == true ? nil : "is an integer that holds \(number)"
        case .constantCell(let number):
            type.integerCell.map { $0.range.contains(number) } == true ? nil : "points at an integer that holds \(number)"
        case .null: type.isPointer ? nil : "is a pointer"
        case .context: type.pointsAtOpaque ? nil : "points at what the library alone understands"
        case .contextCell: type.pointsAtOpaquePointer ? nil : "points at a pointer to what the library alone understands"
        }
    }
}
