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
  "summary": "Unix sockets",
  "layers": [
    {
      "kind": "transport",
      "name": "acme",
      "summary": "Unix sockets, by their path",
      "options": [
        {
          "name": "backlog",
          "summary": "how many peers may wait to be accepted",
          "type": "integer",
          "default": "128",
          "minimum": 1,
          "maximum": 4096
        }
      ],
      "examples": ["json+acme:///tmp/acme.sock"],
      "blocking": true,
      "target": "path",
      "crossesNetwork": false,
      "cost": 10
    }
  ]
})

const char *AcmeMetadataText(void) {
    return patchbay_metadata;
}
