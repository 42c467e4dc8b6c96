internal import AcmeMetadata
internal import AcmePlugin
public import PatchbayPlugin

/// The one symbol of the shared object. It is in a target of its own, so that a program that links the plugin in does not have it.
@c(patchbay_plugin_entry)
public func patchbayPluginEntry(host: PluginHost?, error: PluginError?) -> PluginTable? {
    PluginExport.entry(AcmePlugin(), metadata: AcmeMetadataText(), host, error)
}
