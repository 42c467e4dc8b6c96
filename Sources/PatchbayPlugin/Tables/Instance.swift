internal import CPatchbay

/// Objects as the handles of the tables: each is retained once for the host, until its `destroy`.
enum Instance {
    static func handle(_ object: some AnyObject) -> UnsafeMutableRawPointer { Unmanaged.passRetained(object).toOpaque() }

    static func of<Object: AnyObject>(_ type: Object.Type, _ handle: UnsafeMutableRawPointer) -> Object {
        Unmanaged<Object>.fromOpaque(handle).takeUnretainedValue()
    }

    static func release<Object: AnyObject>(_ type: Object.Type, _ handle: UnsafeMutableRawPointer?) {
        if let handle { Unmanaged<Object>.fromOpaque(handle).release() }
    }
}

/// The statuses that functions of the tables give by themselves.
enum Status {
    static let done = Int32(PATCHBAY_OK)
    static let goOn = Int32(PATCHBAY_CONTINUE)
    /// The answer to a null pointer where the header has none.
    static let invalid = Int32(PATCHBAY_INVALID)
}
