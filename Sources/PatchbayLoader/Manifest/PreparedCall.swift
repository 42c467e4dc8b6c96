internal import CLibFFI
internal import PatchbayCore

/// A function of a library, ready to be called through libffi: the shape of its call is worked out once.
final class PreparedCall: @unchecked Sendable {
    // Sendable: nothing changes after init, and ffi_call only reads the shape.

    let description: CallDescription
    /// The longest input that its declared width can say.
    let longestInput: Int
    /// The most room that its declared width can say.
    let mostRoom: Int
    private let shape: UnsafeMutablePointer<ffi_cif>
    private let types: UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>
    private let function: @convention(c) () -> Void

    init(_ description: CallDescription, in library: BoundLibrary) throws(PatchbayError) {
        let prototype = description.prototype
        let symbol = try library.function(prototype.name)
        function = unsafeBitCast(symbol, to: (@convention(c) () -> Void).self)
        self.description = description
        longestInput = Self.most(of: [.inputLength, .inputLengthCell, .inputPositionCell], in: description)
        mostRoom = Self.most(of: [.outputCapacity, .outputLengthCell, .outputPositionCell], in: description)
        shape = .allocate(capacity: 1)
        shape.initialize(to: ffi_cif())
        types = .allocate(capacity: Prototype.mostParameters)
        types.initialize(repeating: nil, count: Prototype.mostParameters)
        for (index, type) in prototype.parameters.enumerated() { types[index] = Self.type(type) }
        let status = ffi_prep_cif(shape, FFI_DEFAULT_ABI, UInt32(prototype.parameters.count), Self.type(prototype.result), types)
        guard status == FFI_OK else {
            throw PatchbayError(
                .unsupported,
                "libffi cannot call '\(prototype.name)' on this machine (status \(status.rawValue))",
                stage: .plugin
            )
        }
    }

    deinit {
        shape.deallocate()
        types.deallocate()
    }

    /// - Parameters:
    ///   - values: a pointer to each argument's value.
    /// - Returns: what the function returned, as wide as libffi made it: only the declared width counts.
    @inline(__always)
    func call(_ values: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> UInt64 {
        var result: UInt64 = 0
        ffi_call(shape, function, &result, values)
        return result
    }

    /// The smallest of the largest numbers that arguments with these roles hold.
    private static func most(of roles: Set<ArgumentRole>, in description: CallDescription) -> Int {
        zip(description.roles, description.prototype.parameters).filter { roles.contains($0.0) }
            .compactMap { $0.1.integer ?? $0.1.integerCell }.map { Int(clamping: $0.range.upperBound) }.min() ?? Int.max
    }

    private static func type(_ type: CType) -> UnsafeMutablePointer<ffi_type> {
        switch type {
        case .pointer: clibffi_pointer()
        case .integer(let integer):
            switch (integer.bits, integer.isSigned) {
            case (8, true): clibffi_sint8()
            case (8, false): clibffi_uint8()
            case (16, true): clibffi_sint16()
            case (16, false): clibffi_uint16()
            case (32, true): clibffi_sint32()
            case (32, false): clibffi_uint32()
            case (_, true): clibffi_sint64()
            case (_, false): clibffi_uint64()
            }
        case .void, .opaque: clibffi_void()
        }
    }
}
