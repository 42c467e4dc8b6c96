/// The opcodes of pickle's virtual machine.
///
/// Source: CPython's Lib/pickletools.py.
enum PickleOpcode {
    // Protocols 0 and 1.
    static let mark = UInt8(ascii: "(")
    static let stop = UInt8(ascii: ".")
    static let pop = UInt8(ascii: "0")
    static let popMark = UInt8(ascii: "1")
    static let dup = UInt8(ascii: "2")
    static let float = UInt8(ascii: "F")
    static let int = UInt8(ascii: "I")
    static let binInt = UInt8(ascii: "J")
    static let binInt1 = UInt8(ascii: "K")
    static let long = UInt8(ascii: "L")
    static let binInt2 = UInt8(ascii: "M")
    static let none = UInt8(ascii: "N")
    static let reduce = UInt8(ascii: "R")
    static let string = UInt8(ascii: "S")
    static let binString = UInt8(ascii: "T")
    static let shortBinString = UInt8(ascii: "U")
    static let unicode = UInt8(ascii: "V")
    static let binUnicode = UInt8(ascii: "X")
    static let append = UInt8(ascii: "a")
    static let global = UInt8(ascii: "c")
    static let dict = UInt8(ascii: "d")
    static let emptyDict = UInt8(ascii: "}")
    static let appends = UInt8(ascii: "e")
    static let get = UInt8(ascii: "g")
    static let binGet = UInt8(ascii: "h")
    static let longBinGet = UInt8(ascii: "j")
    static let list = UInt8(ascii: "l")
    static let emptyList = UInt8(ascii: "]")
    static let put = UInt8(ascii: "p")
    static let binPut = UInt8(ascii: "q")
    static let longBinPut = UInt8(ascii: "r")
    static let setItem = UInt8(ascii: "s")
    static let tuple = UInt8(ascii: "t")
    static let emptyTuple = UInt8(ascii: ")")
    static let setItems = UInt8(ascii: "u")
    static let binFloat = UInt8(ascii: "G")

    // Protocol 2.
    static let proto: UInt8 = 0x80
    static let tuple1: UInt8 = 0x85
    static let tuple2: UInt8 = 0x86
    static let tuple3: UInt8 = 0x87
    static let newTrue: UInt8 = 0x88
    static let newFalse: UInt8 = 0x89
    static let long1: UInt8 = 0x8a
    static let long4: UInt8 = 0x8b

    // Protocol 3.
    static let binBytes = UInt8(ascii: "B")
    static let shortBinBytes = UInt8(ascii: "C")

    // Protocol 4.
    static let shortBinUnicode: UInt8 = 0x8c
    static let binUnicode8: UInt8 = 0x8d
    static let binBytes8: UInt8 = 0x8e
    static let emptySet: UInt8 = 0x8f
    static let addItems: UInt8 = 0x90
    static let frozenSet: UInt8 = 0x91
    static let stackGlobal: UInt8 = 0x93
    static let memoize: UInt8 = 0x94
    static let frame: UInt8 = 0x95

    // Protocol 5.
    static let byteArray8: UInt8 = 0x96

    /// What is never done, and how the opcode that asks for it is called.
    static func refused(_ opcode: UInt8) -> (name: String, why: String)? {
        switch opcode {
        case UInt8(ascii: "P"): ("PERSID", "it refers to an object outside of the message")
        case UInt8(ascii: "Q"): ("BINPERSID", "it refers to an object outside of the message")
        case UInt8(ascii: "b"): ("BUILD", "it sets the state of an object")
        case UInt8(ascii: "i"): ("INST", "it makes an object of a class")
        case UInt8(ascii: "o"): ("OBJ", "it makes an object of a class")
        case 0x81: ("NEWOBJ", "it makes an object of a class")
        case 0x92: ("NEWOBJ_EX", "it makes an object of a class")
        case 0x82: ("EXT1", "it names something in a registry of the peer's program")
        case 0x83: ("EXT2", "it names something in a registry of the peer's program")
        case 0x84: ("EXT4", "it names something in a registry of the peer's program")
        case 0x97: ("NEXT_BUFFER", "it refers to a buffer outside of the message")
        case 0x98: ("READONLY_BUFFER", "it refers to a buffer outside of the message")
        default: nil
        }
    }
}
