/* `unixpacket` against the kernel's own idea of SOCK_SEQPACKET. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const patchbay_transport *table;
static patchbay_settings *settings;
static char folder[] = "/tmp/patchbay-unixpacket-XXXXXX";

static patchbay_target target_at(const char *path) {
    patchbay_target target = {.size = sizeof target, .port = -1, .settings = settings, .path = path, .timeout = 2000000000};
    return target;
}

static void check_flags(int descriptor) {
    EXPECT(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
    EXPECT(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
}

static int dial_expecting(const char *path, int32_t expected) {
    patchbay_target target = target_at(path);
    host_outcome outcome = {.descriptor = -1};
    patchbay_error *error = host_error();
    void *operation = NULL;
    int32_t status = table->connect(&target, host_done, &outcome, &operation, error);
    EXPECT(status == expected);
    EXPECT(outcome.calls == (status == PATCHBAY_OK));
    if (status < 0) {
        EXPECT(error->message[0] != 0);
        return -1;
    }
    EXPECT(outcome.status == PATCHBAY_OK && outcome.flags == PATCHBAY_KEEPS_BOUNDARIES);
    check_flags(outcome.descriptor);
    return outcome.descriptor;
}

static void listen_expecting(const char *path, int32_t expected, patchbay_listening *listening) {
    patchbay_target target = target_at(path);
    patchbay_error *error = host_error();
    memset(listening, 0, sizeof *listening);
    listening->size = sizeof *listening;
    listening->descriptor = -1;
    EXPECT(table->listen(&target, listening, error) == expected);
    EXPECT((expected < 0) == (error->message[0] != 0));
}

static void conversation(void) {
    char path[128], buffer[16];
    patchbay_listening listening, other;
    struct stat status;
    int dialled, accepted, file;
    snprintf(path, sizeof path, "%s/a b.sock", folder);
    umask(0);
    listen_expecting(path, PATCHBAY_OK, &listening);
    check_flags(listening.descriptor);
    EXPECT(listening.flags == PATCHBAY_KEEPS_BOUNDARIES);
    EXPECT(strstr(listening.bound_target, "/a%20b.sock") != NULL);
    EXPECT(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    listen_expecting(path, PATCHBAY_ADDRESS_IN_USE, &other);
    dialled = dial_expecting(path, PATCHBAY_OK);
    do accepted = accept4(listening.descriptor, NULL, NULL, SOCK_NONBLOCK);
    while (accepted < 0 && errno == ECONNABORTED);
    /* The probe of the second listener was first in the queue, and is gone. */
    EXPECT(accepted >= 0);
    if (recv(accepted, buffer, sizeof buffer, 0) == 0) {
        close(accepted);
        accepted = accept4(listening.descriptor, NULL, NULL, SOCK_NONBLOCK);
    }
    EXPECT(send(dialled, "one", 3, 0) == 3 && send(dialled, "three", 5, 0) == 5);
    EXPECT(recv(accepted, buffer, sizeof buffer, 0) == 3 && recv(accepted, buffer, sizeof buffer, 0) == 5);
    close(dialled);
    close(accepted);
    close(listening.descriptor);
    table->close(listening.listener);
    EXPECT(stat(path, &status) != 0);

    /* A socket that nobody listens on any more is replaced; another's file stays, also when it takes the socket's place. */
    listen_expecting(path, PATCHBAY_OK, &listening);
    close(listening.descriptor);
    listen_expecting(path, PATCHBAY_OK, &other);
    table->close(listening.listener);
    EXPECT(stat(path, &status) == 0);
    EXPECT(unlink(path) == 0);
    file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    EXPECT(file >= 0);
    close(file);
    close(other.descriptor);
    table->close(other.listener);
    EXPECT(stat(path, &status) == 0);
    listen_expecting(path, PATCHBAY_ADDRESS_IN_USE, &listening);
    EXPECT(unlink(path) == 0);
}

static void refusals(void) {
    char path[200];
    patchbay_listening listening;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int stream, first;
    snprintf(path, sizeof path, "%s/none.sock", folder);
    dial_expecting(path, PATCHBAY_NOT_FOUND);
    dial_expecting("relative", PATCHBAY_INVALID);
    dial_expecting(NULL, PATCHBAY_INVALID);
    snprintf(path, sizeof path, "%s/%0150d", folder, 0);
    dial_expecting(path, PATCHBAY_INVALID);
    listen_expecting(path, PATCHBAY_INVALID, &listening);
    /* A stream socket is another thing. */
    snprintf(address.sun_path, sizeof address.sun_path, "%s/stream.sock", folder);
    stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(bind(stream, (struct sockaddr *)&address, sizeof address) == 0);
    EXPECT(listen(stream, 1) == 0);
    dial_expecting(address.sun_path, PATCHBAY_UNSUPPORTED);
    listen_expecting(address.sun_path, PATCHBAY_ADDRESS_IN_USE, &listening);
    close(stream);
    unlink(address.sun_path);

    /* A listener with a full backlog is waited for, within the timeout. */
    snprintf(path, sizeof path, "%s/full.sock", folder);
    {
        const char *const pairs[] = {"backlog=1", "permissions=432", NULL};
        patchbay_settings *usual = settings;
        struct stat status;
        patchbay_target target;
        host_outcome outcome = {.descriptor = -1};
        void *operation = NULL;
        int second;
        settings = host_settings("unixpacket", pairs);
        umask(077);
        listen_expecting(path, PATCHBAY_OK, &listening);
        EXPECT(stat(path, &status) == 0 && (status.st_mode & 07777) == 0660);
        first = dial_expecting(path, PATCHBAY_OK);
        second = dial_expecting(path, PATCHBAY_OK);
        target = target_at(path);
        target.timeout = 20000000;
        EXPECT(table->connect(&target, host_done, &outcome, &operation, host_error()) == PATCHBAY_TIMED_OUT);
        EXPECT(outcome.calls == 0);
        close(first);
        close(second);
        close(listening.descriptor);
        table->close(listening.listener);
        host_settings_free(settings);
        settings = usual;
    }
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    EXPECT(mkdtemp(folder) != NULL);
    table = host_load(arguments[1], PATCHBAY_TRANSPORT);
    settings = host_settings("unixpacket", NULL);
    conversation();
    refusals();
    host_settings_free(settings);
    /* Nothing is left behind, not even a lock. */
    EXPECT(rmdir(folder) == 0);
    puts("unixpacket: all tests passed");
    return 0;
}
