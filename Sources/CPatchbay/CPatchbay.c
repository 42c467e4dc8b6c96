/* The layouts that version 1 promises: a change here is a new major version, or a mistake. */
#include "patchbay_plugin.h"

#define LAYOUT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " moved")

_Static_assert(sizeof(void *) == 8, "Patchbay runs on 64-bit systems");
_Static_assert(sizeof(patchbay_error) == 512, "patchbay_error changed");
_Static_assert(sizeof(patchbay_option) == 40, "patchbay_option changed");
_Static_assert(sizeof(patchbay_token) == 16, "patchbay_token changed");
LAYOUT(patchbay_settings, secret, 32);
LAYOUT(patchbay_sink, remaining, 64);
LAYOUT(patchbay_host, interface, 48);
LAYOUT(patchbay_plugin, required, 16);
LAYOUT(patchbay_plugin, interface, 32);
LAYOUT(patchbay_processor, destroy, 32);
LAYOUT(patchbay_tape, grow_arena, 72);
LAYOUT(patchbay_codec, destroy, 48);
LAYOUT(patchbay_handshake, identify, 104);
LAYOUT(patchbay_authenticator, destroy, 32);
LAYOUT(patchbay_target, timeout, 32);
LAYOUT(patchbay_outcome, error, 16);
LAYOUT(patchbay_listening, bound_target, 24);
LAYOUT(patchbay_transport, close, 48);
