/// The numbers of RFC 8949, section 3, that the reader and the writer share.
enum MajorType {
    static let unsigned: UInt8 = 0
    static let negative: UInt8 = 1
    static let bytes: UInt8 = 2
    static let text: UInt8 = 3
    static let array: UInt8 = 4
    static let map: UInt8 = 5
    static let tag: UInt8 = 6
    static let simple: UInt8 = 7
}

/// The tags that are values of their own here.
enum KnownTag {
    /// Section 3.4.3.
    static let positiveBignum: UInt64 = 2
    /// Section 3.4.3.
    static let negativeBignum: UInt64 = 3
    /// Registered with IANA: a mathematical finite set.
    static let set: UInt64 = 258
}

/// Values of additional information, and bytes made of them.
enum AdditionalInformation {
    static let indefinite: UInt8 = 31
    /// Ends what is of indefinite length.
    static let breakByte: UInt8 = 0xFF
}
