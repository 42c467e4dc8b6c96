internal import PatchbayCore

/// A prepared function with the values of its options: all but the bytes of a call.
final class BoundCall: @unchecked Sendable {
    // Sendable: nothing changes after init.

    /// One argument, in a form that a call reads without decisions about types.
    private struct Argument {
        var source: Source
        /// Of the integer, or of the integer in its cell; 64 for a pointer.
        var bits: Int
        var constant: UInt64
    }

    private enum Source: UInt8 {
        case constant, input, inputLength, output, room, context, returned
        // What follows is a pointer to a cell.
        case inputLengthCell, inputPositionCell, outputLengthCell, outputPositionCell, constantCell, contextCell
    }

    let prepared: PreparedCall
    /// Of what it returns.
    let result: CInteger?
    private let arguments: UnsafeMutablePointer<Argument>
    private let count: Int
    private let consumedCell: Int
    private let outputCell: Int
    private let contextCell: Int

    /// - Parameter number: the value of an option.
    init(_ prepared: PreparedCall, _ number: (String) throws(PatchbayError) -> Int) throws(PatchbayError) {
        let description = prepared.description
        var list: [Argument] = []
        for (role, type) in zip(description.roles, description.prototype.parameters) {
            let (source, constant) = try Self.source(role, number)
            list.append(Argument(source: source, bits: type.integer?.bits ?? type.integerCell?.bits ?? 64, constant: constant))
        }
        self.prepared = prepared
        result = description.resultInteger
        count = list.count
        arguments = .allocate(capacity: max(list.count, 1))
        arguments.initialize(from: list, count: list.count)
        consumedCell = list.firstIndex { $0.source == .inputLengthCell || $0.source == .inputPositionCell } ?? -1
        outputCell = list.firstIndex { $0.source == .outputLengthCell || $0.source == .outputPositionCell } ?? -1
        contextCell = list.firstIndex { $0.source == .contextCell } ?? -1
    }

    deinit { arguments.deallocate() }

    /// Calls the function. The argument slots lie on the stack: nothing is allocated.
    func call(_ frame: inout CallFrame) {
        // For each argument its value, its cell, and the pointer to its value.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3 * Prototype.mostParameters) { memory in
            guard let values = memory.baseAddress else { return }
            let cells = values + Prototype.mostParameters
            let pointers = UnsafeMutableRawPointer(cells + Prototype.mostParameters)
                .bindMemory(to: UnsafeMutableRawPointer?.self, capacity: Prototype.mostParameters)
            for index in 0..<count {
                let argument = arguments[index]
                var value: UInt64
                switch argument.source {
                case .constant, .constantCell: value = argument.constant
                case .input: value = Self.bits(frame.input)
                case .inputLength, .inputLengthCell: value = UInt64(truncatingIfNeeded: frame.inputLength)
                case .output: value = Self.bits(UnsafeRawPointer(frame.output))
                case .room, .outputLengthCell: value = UInt64(truncatingIfNeeded: frame.room)
                case .context: value = Self.bits(UnsafeRawPointer(frame.context))
                case .returned: value = frame.returned
                case .inputPositionCell, .outputPositionCell, .contextCell: value = 0
                }
                if argument.source.rawValue >= Source.inputLengthCell.rawValue {
                    Self.store(value, argument.bits, at: cells + index)
                    (values + index).initialize(to: Self.bits(UnsafeRawPointer(cells + index)))
                } else {
                    Self.store(value, argument.bits, at: values + index)
                }
                (pointers + index).initialize(to: UnsafeMutableRawPointer(values + index))
            }
            frame.returned = prepared.call(pointers)
            if consumedCell >= 0 { frame.consumed = Self.load(arguments[consumedCell].bits, from: cells + consumedCell) }
            if outputCell >= 0 { frame.outputLength = Self.load(arguments[outputCell].bits, from: cells + outputCell) }
            if contextCell >= 0 { frame.context = UnsafeMutableRawPointer(bitPattern: UInt(cells[contextCell])) }
        }
    }

    private static func source(
        _ role: ArgumentRole,
        _ number: (String) throws(PatchbayError) -> Int
    ) throws(PatchbayError) -> (Source, UInt64) {
        switch role {
        case .inputPointer: (.input, 0)
        case .inputLength: (.inputLength, 0)
        case .inputLengthCell: (.inputLengthCell, 0)
        case .inputPositionCell: (.inputPositionCell, 0)
        case .outputPointer: (.output, 0)
        case .outputCapacity: (.room, 0)
        case .outputLengthCell: (.outputLengthCell, 0)
        case .outputPositionCell: (.outputPositionCell, 0)
        case .constantCell(let number): (.constantCell, UInt64(truncatingIfNeeded: number))
        case .constant(let number): (.constant, UInt64(truncatingIfNeeded: number))
        case .option(let name): (.constant, UInt64(truncatingIfNeeded: try number(name)))
        case .null: (.constant, 0)
        case .context: (.context, 0)
        case .contextCell: (.contextCell, 0)
        case .returned: (.returned, 0)
        }
    }

    @inline(__always)
    private static func bits(_ pointer: UnsafeRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

    /// Writes as many bytes as the type has, wherever the machine puts the lowest.
    @inline(__always)
    private static func store(_ value: UInt64, _ bits: Int, at slot: UnsafeMutablePointer<UInt64>) {
        let slot = UnsafeMutableRawPointer(slot)
        switch bits {
        case 8: slot.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 16: slot.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 32: slot.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        default: slot.storeBytes(of: value, as: UInt64.self)
        }
    }

    @inline(__always)
    private static func load(_ bits: Int, from slot: UnsafeMutablePointer<UInt64>) -> UInt64 {
        let slot = UnsafeMutableRawPointer(slot)
        return switch bits {
        case 16: UInt64(slot.load(as: UInt16.self))
        case 32: UInt64(slot.load(as: UInt32.self))
        default: slot.load(as: UInt64.self)
        }
    }
}
