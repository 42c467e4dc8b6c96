/* The parts of `unixpacket`. */
#ifndef UNIXPACKET_H
#define UNIXPACKET_H

#include "patchbay_plugin.h"

#include <sys/socket.h>
#include <sys/un.h>

/* dial.c */
int32_t dial(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error);

/* listen.c */
int32_t listen_at(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error);
void stop_listening(void *listener);

/* The address of the target's path. */
int32_t socket_address(const patchbay_target *target, struct sockaddr_un *address, patchbay_error *error);

/* "cannot DO PATH: REASON; WHAT TO DO", with the status that the errno means. */
int32_t system_failure(patchbay_error *error, const char *verb, const char *path, int number);

/* path_lock.c: 0 with the descriptor that holds `path`.lock, or an errno: EWOULDBLOCK where somebody else holds it. */
int path_lock_take(const char *lock_path, int *descriptor);
void path_lock_release(const char *lock_path, int descriptor);

#endif
