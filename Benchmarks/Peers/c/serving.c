#include "serving.h"

#include "peer.h"
#include "reader.h"
#include "wire.h"

#include <stdlib.h>
#include <unistd.h>

void serve_messages(int descriptor) {
    struct reader reader = make_reader(descriptor, has_flag("buffered"), has_flag("spin"));
    char *body;
    size_t length;
    while ((body = next_message(&reader, &length))) {
        if (body[0] == 'S') continue;
        bool echo = body[0] == 'E';
        if (send_message(descriptor, echo ? body : "A", echo ? length : 1)) break;
    }
    free(reader.inbox.data);
    close(descriptor);
}
