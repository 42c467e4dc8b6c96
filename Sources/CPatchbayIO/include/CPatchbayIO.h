// System calls in the shape that Swift can use: macros and packed structs stay in C, EINTR is retried, and every
// function that can fail returns a result of at least 0, or -errno.
#ifndef CPATCHBAYIO_H
#define CPATCHBAYIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// Clocks and threads.
uint64_t cpb_now(void);                  // CLOCK_MONOTONIC, nanoseconds
uint64_t cpb_now_coarse(void);           // the same, at the resolution of the kernel's tick, for a fifth of the price
// Of the calling thread, never 0. Inline: it is asked several times a message.
static inline unsigned long cpb_thread_id(void) { return (unsigned long)__builtin_thread_pointer(); }
int cpb_thread_start(void *(*body)(void *), void *context, const char *name); // detached, all signals blocked

// epoll, eventfd, timerfd.
enum { CPB_IN = 1, CPB_OUT = 4, CPB_ERR = 8, CPB_HUP = 16, CPB_RDHUP = 0x2000 };
#define CPB_EDGE 0x80000000u
int cpb_epoll_create(void);
int cpb_epoll_add(int epoll, int fd, uint32_t events, void *pointer);
int cpb_epoll_modify(int epoll, int fd, uint32_t events, void *pointer);
int cpb_epoll_remove(int epoll, int fd);
int cpb_epoll_wait(int epoll, void **pointers, uint32_t *events, int maximum, int milliseconds); // EINTR gives 0
int cpb_event_create(void);
void cpb_event_signal(int event);
void cpb_event_drain(int event);
int cpb_timer_create(void);
void cpb_timer_set(int timer, uint64_t at); // absolute, CLOCK_MONOTONIC; never 0
void cpb_timer_drain(int timer);

// Sockets. Every descriptor is close-on-exec, and non-blocking unless it was inherited.
int cpb_socket(int family, int type);
int cpb_socket_pair(int type, int pair[2]);
int cpb_pipe(int pair[2]);
int cpb_bind(int fd, const void *address, socklen_t length);
int cpb_listen(int fd, int backlog);
int cpb_connect(int fd, const void *address, socklen_t length);
int cpb_accept(int fd, void *address, socklen_t *length);
int cpb_local_address(int fd, void *address, socklen_t *length);
int cpb_peer_address(int fd, void *address, socklen_t *length);
int cpb_socket_error(int fd);            // takes SO_ERROR; 0, or an errno as a positive number
int cpb_shutdown_output(int fd);
int cpb_close(int fd);
int cpb_reset_and_close(int fd);         // SO_LINGER 0: TCP sends RST
int cpb_set_option(int fd, int level, int name, int value);
int cpb_get_option(int fd, int level, int name, int *value);
int cpb_peer_credentials(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid);
int cpb_is_socket(int fd);

// Bytes. MSG_DONTWAIT and MSG_NOSIGNAL always.
ssize_t cpb_recv(int fd, void *bytes, size_t count);
// Reads with recvmsg. Descriptors that came are closed, and *control says that control data came.
ssize_t cpb_recv_message(int fd, void *bytes, size_t count, int *control);
// What a read brought besides bytes.
enum { CPB_MOST_DESCRIPTORS = 253 }; // of one message: SCM_MAX_FD
struct cpb_ancillary {
    int came;           // control data of any kind
    int truncated;      // some of it was lost: this process has no room for more descriptors, most often
    size_t descriptors; // as many came, close-on-exec
};
// The same, but the first `room` descriptors are the caller's; those beyond are closed.
ssize_t cpb_recv_descriptors(int fd, void *bytes, size_t count, int *descriptors, size_t room, struct cpb_ancillary *ancillary);
// Sends a copy of a descriptor with the first of the bytes, of which there is at least one.
ssize_t cpb_send_descriptor(int fd, const void *bytes, size_t count, int descriptor);
// Of a socket that keeps packets apart: the bytes of the next one, which stays; and whether the end has come, and nothing before it.
ssize_t cpb_packet_size(int fd);
int cpb_has_ended(int fd);
ssize_t cpb_send(int fd, const void *bytes, size_t count);
ssize_t cpb_send_two(int fd, const void *head, size_t head_count, const void *body, size_t body_count);
// For descriptors that are no sockets.
ssize_t cpb_read(int fd, void *bytes, size_t count);
ssize_t cpb_write(int fd, const void *bytes, size_t count);
ssize_t cpb_write_two(int fd, const void *head, size_t head_count, const void *body, size_t body_count);
// The same without SIGPIPE, which only sockets can do without by a flag.
ssize_t cpb_write_quietly(int fd, const void *head, size_t head_count, const void *body, size_t body_count);
// Waits for one descriptor: 1 ready, 0 timed out. A negative timeout waits for ever.
int cpb_poll(int fd, int events, int milliseconds);

// Descriptors that were inherited: their flags belong to every process that shares them, so they are never changed.
int cpb_duplicate(int fd);       // close-on-exec, above 2
int cpb_reopen(int fd);          // a pipe or a terminal by its name, non-blocking: flags of its own; -EOPNOTSUPP for anything else
int cpb_set_blocking(int fd);    // for a descriptor that goes to a child
int cpb_open_for_name(const char *path); // O_PATH, links not followed: names a file without opening it
int cpb_open_for_name_in(int folder, const char *path); // the same, from a folder

// Child processes. What is spawned has these descriptors as its 0, 1 and 2, and no other; its signals are reset.
extern char **cpb_environment(void);
// `standard_error`: -1 for /dev/null, 2 to share this process's. On success *pid is the child, to be waited for.
int cpb_spawn(
    const char *program, char *const arguments[], char *const environment[], int input, int output, int standard_error, pid_t *pid);
// The same; the child is the first of a process group of its own, which can be killed as a whole.
int cpb_spawn_group(
    const char *program, char *const arguments[], char *const environment[], int input, int output, int standard_error, pid_t *pid);
int cpb_process_descriptor(pid_t pid);                 // readable once the process has ended
int cpb_process_signal(int process_descriptor, int signal);
int cpb_process_reap(pid_t pid, int *status);          // 1: it has ended, and is gone now; 0: it runs

// This process runs with more rights than whoever started it, who wrote its environment: AT_SECURE.
int cpb_has_gained_rights(void);
// Bounds for code that was never run before, for the rest of this process's life: it ends with its parent, dumps no core, gains no
// rights. Each in its own unit: seconds of processor time, bytes of address space and of one file, descriptors.
int cpb_confine(uint64_t seconds, uint64_t address_space, uint64_t file_size, uint64_t descriptors);
// Loaded libraries, each by a pointer that names it while it is loaded; NULL where there is none.
const void *cpb_library_of_handle(void *handle);         // what dlopen opened
const void *cpb_library_of_address(const void *address); // what an address lies in

#endif
