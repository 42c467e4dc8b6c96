extension CSources {
    static func transportMetadata(_ more: String = "") -> String {
        """
        {"patchbay": "1.0", "name": "acme", "version": "1.0.0", "summary": "a transport of a test", "layers": [
            {"kind": "transport", "name": "acme", "summary": "as a test says", "target": "hostAndPort", "crossesNetwork": false\(more)}]}
        """
    }

    /// A transport over TCP whose calls wait; with its entry, which keeps the host.
    static func transport(connect: String, more: String = "", table: String = "connect, cancel, release, listen_, NULL, close_") -> String {
        """
        #define HAS_ENTRY
        #include <arpa/inet.h>
        #include <netinet/in.h>
        static const patchbay_host *the_host;
        static void say(const char *text) { the_host->log(the_host, PATCHBAY_LOG_INFO, text, strlen(text)); }
        typedef struct { patchbay_done done; void *context; int pair[2]; pthread_t thread; } operation;
        static void finish(patchbay_done done, void *context, int descriptor) {
            patchbay_outcome outcome = {sizeof outcome, PATCHBAY_OK, descriptor, 0, NULL};
            done(context, &outcome);
        }
        static int dial(const patchbay_target *target) {
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port)};
            int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            inet_pton(AF_INET, target->host, &address.sin_addr);
            if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return close(descriptor), -1;
            fcntl(descriptor, F_SETFL, O_NONBLOCK);
            return descriptor;
        }
        static int32_t listen_(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port)};
            socklen_t length = sizeof address;
            int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            inet_pton(AF_INET, target->host, &address.sin_addr);
            if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 || listen(descriptor, 16) < 0) {
                return patchbay_fail(error, PATCHBAY_ADDRESS_IN_USE, errno, "cannot bind");
            }
            getsockname(descriptor, (struct sockaddr *)&address, &length);
            listening->descriptor = descriptor;
            listening->listener = malloc(1);
            snprintf(listening->bound_target, sizeof listening->bound_target, "127.0.0.1:%d", ntohs(address.sin_port));
            return PATCHBAY_OK;
        }
        static void close_(void *listener) { say("closed"); free(listener); }
        static void cancel(void *operation) { (void)operation; say("cancelled"); }
        static void release(void *operation) { free(operation); say("released"); }
        \(more)
        static int32_t start(
            const patchbay_target *target, patchbay_done done, void *context, void **operation_, patchbay_error *error) {
            (void)target, (void)done, (void)context, (void)operation_, (void)error, (void)dial, (void)finish;
            \(connect)
        }
        static const patchbay_transport transport = {sizeof transport, 0, \(table.replacing("connect,", with: "start,"))};
        static const void *interface(const char *id) { return strcmp(id, PATCHBAY_TRANSPORT) == 0 ? &transport : NULL; }
        static const patchbay_plugin root = {sizeof root, PATCHBAY_MAGIC, 1, 0, 0, 0, patchbay_metadata, interface};
        PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
            (void)error, (void)listen_, (void)close_, (void)cancel, (void)release;
            the_host = host;
            return &root;
        }

        """
    }
}
