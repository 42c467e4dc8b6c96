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
  "summary": "a token that both ends know",
  "layers": [
    {
      "kind": "authenticator",
      "name": "acme",
      "summary": "the dialer says a token, and the listener compares it",
      "options": [
        {
          "name": "token",
          "summary": "what both ends know",
          "type": "text",
          "secret": true,
          "required": true
        }
      ],
      "examples": ["json+acme+unix:///run/worker.sock?acme.token-file=worker.token"],
      "blocking": true,
      "medium": "greeting",
      "revealsSecret": true,
      "leavesStreamOpen": true,
      "passwordOption": "token"
    }
  ]
})

const char *AcmeMetadataText(void) {
    return patchbay_metadata;
}
