internal import PatchbayCore

/// The functions of one layer, found in the library, before a URL gives their options.
struct PreparedProcessor: Sendable {
    /// A function that turns bytes into bytes, and those around it.
    private struct Transform: Sendable {
        let description: TransformDescription
        let call: PreparedCall
        let test: BoundTest
        let create: PreparedCall?
        let createTest: BoundTest?
        let free: PreparedCall?

        init(_ description: TransformDescription, in library: BoundLibrary) throws(PatchbayError) {
            self.description = description
            call = try PreparedCall(description.call, in: library)
            test = try BoundTest(description.call.test, in: library)
            create = try description.context.map { context throws(PatchbayError) in try PreparedCall(context.create, in: library) }
            createTest = try description.context.map { context throws(PatchbayError) in try BoundTest(context.create.test, in: library) }
            free = try description.context.map { context throws(PatchbayError) in try PreparedCall(context.free, in: library) }
        }
    }

    let metadata: LayerMetadata
    private let binding: ProcessorBinding
    private let encode: Transform
    private let decode: Transform
    private let bound: PreparedCall?
    private let size: PreparedCall?
    private let sizeTest: BoundTest?
    private let contract: BindingContract

    init(_ metadata: LayerMetadata, _ binding: ProcessorBinding, in library: BoundLibrary, _ contract: BindingContract)
        throws(PatchbayError)
    {
        self.metadata = metadata
        self.binding = binding
        self.contract = contract
        encode = try Transform(binding.encode, in: library)
        decode = try Transform(binding.decode, in: library)
        if case .function(let call) = binding.bound { bound = try PreparedCall(call, in: library) } else { bound = nil }
        if case .function(let call, _, _, _) = binding.capacity {
            size = try PreparedCall(call, in: library)
            sizeTest = try BoundTest(call.test, in: library)
        } else {
            size = nil
            sizeTest = nil
        }
    }

    /// The layer as a registry holds it.
    var layer: Layer {
        Layer(
            name: metadata.name,
            summary: metadata.summary,
            options: options,
            examples: metadata.examples ?? [],
            maker: .processor(positions: [.message]) { options in try processor(options) }
        )
    }

    var options: [OptionSpecification] {
        (metadata.options ?? []).map { OptionReader.specification(of: $0, required: $0.required ?? false) }
    }

    /// Binds the options of one URL.
    func processor(_ options: Options) throws(PatchbayError) -> BoundProcessor {
        let number = { (name: String) throws(PatchbayError) -> Int in
            guard let option = metadata.options?.first(where: { $0.name == name }), let number = OptionReader.number(option, in: options)
            else {
                throw PatchbayError(.missingOption, "the option '\(name)' has no value", stage: .resolve, layer: metadata.name)
            }
            return number
        }
        let bound: BoundProcessor.Bound
        switch binding.bound {
        case .formula(let formula): bound = .formula(formula)
        case .function(let call):
            guard let prepared = self.bound else { throw Self.unprepared(call) }
            bound = .function(try BoundCall(prepared, number))
        }
        let capacity: BoundProcessor.Capacity
        switch binding.capacity {
        case .prefix(let prefix): capacity = .prefix(prefix)
        case .growth(let times): capacity = .growth(times: times)
        case .function(let call, let length, let failures, let otherwise):
            guard let size, let sizeTest else { throw Self.unprepared(call) }
            capacity = .function(
                BoundSize(call: try BoundCall(size, number), test: sizeTest, length: length, failures: failures, otherwise: otherwise)
            )
        }
        return BoundProcessor(
            encode: try bind(encode, number),
            bound: bound,
            decode: try bind(decode, number),
            capacity: capacity,
            maximum: binding.maximum,
            expansion: binding.expansion,
            layer: metadata.name
        )
    }

    private func bind(_ transform: Transform, _ number: (String) throws(PatchbayError) -> Int) throws(PatchbayError) -> BoundTransform {
        var context: BoundContext.Maker?
        if let create = transform.create, let test = transform.createTest, let free = transform.free {
            context = BoundContext.Maker(
                create: try BoundCall(create, number),
                test: test,
                free: try BoundCall(free, number),
                contract: contract
            )
        }
        return BoundTransform(
            call: try BoundCall(transform.call, number),
            test: transform.test,
            length: transform.description.length,
            failures: transform.description.failures,
            otherwise: transform.description.otherwise,
            context: context,
            contract: contract
        )
    }

    private static func unprepared(_ call: CallDescription) -> PatchbayError {
        PatchbayError(.invalidArgument, "'\(call.prototype.name)' was not prepared", stage: .plugin)
    }
}
