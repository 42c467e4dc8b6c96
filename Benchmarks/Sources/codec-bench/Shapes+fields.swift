internal import Patchbay

/// The small record once more, as a type that says its fields itself.
struct FieldRecord: Shape, FieldCodable {
    var id = 4_711
    var name = "worker 17"
    var load = 0.75
    var shard = 3
    var done = false

    static let name = "record-fields"
    static let sample = FieldRecord()

    init() {}

    func write(to tokens: inout some TokenWriter) throws {
        try tokens.beginMap(count: 5)
        try tokens.field("id", id)
        try tokens.field("name", name)
        try tokens.field("load", load)
        try tokens.field("shard", shard)
        try tokens.field("done", done)
        try tokens.endMap(count: 5)
    }

    init(from fields: inout FieldReader) throws {
        id = try fields.integer("id")
        name = try fields.string("name")
        load = try fields.double("load")
        shard = try fields.integer("shard")
        done = try fields.bool("done")
    }
}
