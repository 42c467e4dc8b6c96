/// A processor named like its plugin that gives back what it gets, with something added.
package struct PluginCode {
    package var name: String
    package var version: String
    package var interface: String
    /// Names of its layers; the plugin's own unless given.
    package var layers: [String]?
    /// C at file level.
    package var extra: String
    /// C at the start of the entry function.
    package var entry: String
    /// Replaces the metadata.
    package var metadata: String?
    /// C: what the running plugin says its metadata is.
    package var liveMetadata: String

    package init(
        name: String = "acme",
        version: String = "1.2.3",
        interface: String = "1.0",
        layers: [String]? = nil,
        extra: String = "",
        entry: String = "",
        metadata: String? = nil,
        liveMetadata: String = "patchbay_metadata"
    ) {
        self.name = name
        self.version = version
        self.interface = interface
        self.layers = layers
        self.extra = extra
        self.entry = entry
        self.metadata = metadata
        self.liveMetadata = liveMetadata
    }

    var text: String {
        let layers = (layers ?? [name]).map {
            "{\"kind\": \"processor\", \"name\": \"\($0)\", \"summary\": \"gives back what it gets\", \"positions\": [\"message\"]}"
        }
        let metadata =
            metadata
                ?? """
                {"patchbay": "\(interface)", "name": "\(name)", "version": "\(version)", "summary": "a test's own",
                 "layers": [\(layers.joined(separator: ", "))]}
                """
        return """
            #include "patchbay_plugin.h"
            #include <stdio.h>
            #include <stdlib.h>
            #include <fcntl.h>
            #include <unistd.h>
            PATCHBAY_METADATA(\(metadata))
            \(extra)
            static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
                *instance = 0;
                return PATCHBAY_OK;
            }
            static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
                return sink->write(sink, data, count);
            }
            static int32_t reset(void *instance, patchbay_error *error) { return PATCHBAY_OK; }
            static void destroy(void *instance) {}
            static const patchbay_processor processor = {sizeof processor, 0, create, push, reset, destroy};
            static const void *interface(const char *id) {
                const char *wanted = PATCHBAY_PROCESSOR;
                while (*wanted && *wanted == *id) { wanted += 1; id += 1; }
                return *wanted == *id ? &processor : 0;
            }
            static const patchbay_plugin plugin = {
                sizeof plugin, PATCHBAY_MAGIC, 1, 0, PATCHBAY_THREADS_INSTANCE, 0, \(liveMetadata), interface};
            const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
                \(entry)
                return &plugin;
            }
            """
    }
}
