/*
 * What the plugin says of itself. `patchbay list` reads it from the file, and runs none of the plugin's code for it.
 * It must say what the code registers: `swift test` fails where it does not, and prints the right text.
 */
#include "AcmeMetadata.h"
#include "patchbay_plugin.h"

PATCHBAY_METADATA({
  "patchbay": "1.0",
  "name": "acme",
  "version": "0.1.0",
  "summary": "bytes under a mask",
  "layers": [
    {
      "kind": "processor",
      "name": "acme",
      "summary": "exclusive-ors every byte with a mask",
      "options": [
        {
          "name": "mask",
          "summary": "what every byte is exclusive-ored with",
          "type": "byte",
          "default": "0x20",
          "changesWire": true
        }
      ],
      "examples": ["json+acme+tcp://127.0.0.1:7000", "json+acme+tcp://127.0.0.1:7000?acme.mask=0xff"],
      "positions": ["message", "stream"]
    }
  ]
})

const char *AcmeMetadataText(void) {
    return patchbay_metadata;
}
