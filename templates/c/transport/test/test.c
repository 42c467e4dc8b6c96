/* Drives the transport as a host would: listens, dials, accepts, and speaks through what it got. */
#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static const patchbay_transport *transport;

/* How an operation ended, on whatever thread. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int calls, status, descriptor;
} ending;

static void done(void *context, const patchbay_outcome *outcome) {
    ending *ending = context;
    pthread_mutex_lock(&ending->mutex);
    ending->calls += 1;
    ending->status = outcome->status;
    ending->descriptor = outcome->descriptor;
    CHECK((outcome->status == PATCHBAY_OK) == (outcome->descriptor >= 0) && (outcome->status == PATCHBAY_OK) == (outcome->error == NULL));
    pthread_cond_signal(&ending->changed);
    pthread_mutex_unlock(&ending->mutex);
}

static ending make_ending(void) {
    return (ending){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, -1};
}

static void wait_for(ending *ending, void *operation) {
    pthread_mutex_lock(&ending->mutex);
    while (ending->calls == 0) pthread_cond_wait(&ending->changed, &ending->mutex);
    CHECK(ending->calls == 1);
    pthread_mutex_unlock(&ending->mutex);
    if (operation != NULL && transport->release != NULL) transport->release(operation);
}

static void is_usable(int descriptor) {
    CHECK(descriptor >= 0);
    CHECK((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
}

/* Writes to one end what must come out of the other. */
static void carries(int from, int to, const char *text) {
    char buffer[64];
    struct pollfd readable = {to, POLLIN, 0};
    CHECK(write(from, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(poll(&readable, 1, 10000) == 1);
    CHECK(read(to, buffer, sizeof buffer) == (ssize_t)strlen(text) && memcmp(buffer, text, strlen(text)) == 0);
}

static int dial(const patchbay_target *target, int32_t *status) {
    ending ending = make_ending();
    void *operation = NULL;
    *status = transport->connect(target, done, &ending, &operation, &failure);
    if (*status < 0) return -1;
    wait_for(&ending, operation);
    *status = ending.status;
    return ending.descriptor;
}

/* From the listening socket, or from the plugin. */
static int accept_one(const patchbay_listening *listening) {
    if (listening->descriptor >= 0) {
        struct pollfd readable = {listening->descriptor, POLLIN, 0};
        CHECK(poll(&readable, 1, 10000) == 1);
        return accept4(listening->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    ending ending = make_ending();
    void *operation = NULL;
    CHECK(transport->accept(listening->listener, done, &ending, &operation, &failure) == PATCHBAY_OK);
    wait_for(&ending, operation);
    return ending.descriptor;
}

/* An accept that nobody dials ends once it is cancelled. */
static void ends_when_cancelled(const patchbay_listening *listening) {
    if (listening->descriptor >= 0) return;
    ending ending = make_ending();
    void *operation = NULL;
    CHECK(transport->accept(listening->listener, done, &ending, &operation, &failure) == PATCHBAY_OK);
    if (transport->cancel != NULL) transport->cancel(operation);
    wait_for(&ending, operation);
    CHECK(ending.status < 0);
}

int main(int count, char **arguments) {
    transport = load(count > 1 ? arguments[1] : "./libacme.so", PATCHBAY_TRANSPORT);
    char folder[] = "/tmp/acme-test-XXXXXX", path[64], bound[80];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/a b.sock", folder);
    snprintf(bound, sizeof bound, "%s/a%%20b.sock", folder);
    patchbay_option backlog = integer_option("backlog", 8);
    patchbay_settings settings = make_settings("acme", &backlog, 1);
    patchbay_target target = {sizeof target, -1, &settings, NULL, path, -1};
    int32_t status;

    /* Nobody listens there yet. */
    CHECK(dial(&target, &status) == -1 && status == PATCHBAY_NOT_FOUND);

    patchbay_listening listening = {.size = sizeof listening, .descriptor = -1};
    CHECK(transport->listen(&target, &listening, &failure) == PATCHBAY_OK);
    CHECK(strcmp(listening.bound_target, bound) == 0);
    patchbay_listening second = {.size = sizeof second, .descriptor = -1};
    CHECK(transport->listen(&target, &second, &failure) == PATCHBAY_ADDRESS_IN_USE);

    for (int round = 0; round < 3; round += 1) {
        int near = dial(&target, &status), far = accept_one(&listening);
        is_usable(near);
        is_usable(far);
        carries(near, far, "ping");
        carries(far, near, "pong");
        CHECK(close(near) == 0 && close(far) == 0);
    }

    ends_when_cancelled(&listening);
    if (listening.descriptor >= 0) CHECK(close(listening.descriptor) == 0);
    transport->close(listening.listener);
    /* What binding left behind is gone, and the folder empty. */
    CHECK(access(path, F_OK) != 0 && rmdir(folder) == 0);
    puts("acme: every test passed");
    return 0;
}
