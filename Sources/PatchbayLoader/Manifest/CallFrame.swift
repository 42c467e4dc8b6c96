/// What goes into one call of a bound function, and what came out.
struct CallFrame {
    var input: UnsafeRawPointer?
    var inputLength = 0
    var output: UnsafeMutableRawPointer?
    var room = 0
    /// Given with `ctx`, left by `inout:ctx`.
    var context: UnsafeMutableRawPointer?
    /// Given with `ret` to a predicate; then what the function returned.
    var returned: UInt64 = 0
    /// What the cell of the output's length holds.
    var outputLength: UInt64 = 0
    /// What the cell of the input's length or position holds; nil where there is none.
    var consumed: UInt64?
}
