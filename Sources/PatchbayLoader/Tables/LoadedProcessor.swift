internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// A plugin's processor.
struct LoadedProcessor: Processor {
    var layer: ProcessorLayer
    private let values: OptionValues

    init(_ layer: ProcessorLayer, _ options: Options) throws(PatchbayError) {
        self.layer = layer
        values = OptionValues(layer.name, options, layer.options)
        // Tells of options that the plugin refuses before anything is dialled.
        _ = try layer.makeInstance(values, .encode)
    }

    func makeEncoder() throws -> any ProcessorStep { try LoadedProcessorStep(layer, values, .encode) }
    func makeDecoder() throws -> any ProcessorStep { try LoadedProcessorStep(layer, values, .decode) }
}

/// Which way a processor's instance works.
enum ProcessorDirection: UInt32, Sendable {
    case encode = 0
    case decode = 1

    var stage: PatchbayError.Stage { self == .encode ? .encode : .decode }
}

/// What all processors of one layer share.
struct ProcessorLayer: Sendable {
    var name: String
    var table: patchbay_processor
    /// How many times its input a decoder's output may be; nil: the connection's limit alone holds.
    var expansion: Int?
    var contract: PluginContract
    var options: [OptionSpecification]

    func makeInstance(_ values: OptionValues, _ direction: ProcessorDirection) throws(PatchbayError) -> PluginInstance {
        let call = PluginCall(function: "patchbay_processor.create", stage: .resolve, layer: name)
        return try contract.withLoan { loan throws(PatchbayError) in
            var handle: UnsafeMutableRawPointer?
            try loan.lendSettings(values) { settings throws(PatchbayError) in
                _ = try loan.call(call, contract.anyGate) { table.create(settings, direction.rawValue, &handle, $0) }
            }
            return PluginInstance(handle, contract, destroy: table.destroy)
        }
    }
}
