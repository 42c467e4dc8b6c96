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
  "summary": "values as letters, numbers and texts with their lengths",
  "layers": [
    {
      "kind": "codec",
      "name": "acme",
      "summary": "a value a message: n, t, f, i42e, r and 16 hexadecimal digits, s5:hello, b3:…, l…e, d…e",
      "options": [
        {
          "name": "depth",
          "summary": "how deep lists and dictionaries of a message may lie in each other",
          "type": "integer",
          "default": "128",
          "minimum": 1,
          "maximum": 512
        }
      ],
      "examples": ["acme+tcp://127.0.0.1:7000"]
    }
  ]
})

const char *AcmeMetadataText(void) {
    return patchbay_metadata;
}
