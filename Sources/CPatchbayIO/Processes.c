#define _GNU_SOURCE
#include "CPatchbayIO.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

char **cpb_environment(void) { return environ; }

static int spawn(
    const char *program, char *const arguments[], char *const environment[], int input, int output, int standard_error, short more_flags,
    pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return -error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -error;
    }
    // Copies above 2, so that no dup2 overwrites what a later one needs where this process runs with 0, 1 or 2 closed.
    int in = cpb_duplicate(input), out = cpb_duplicate(output);
    if (in < 0 || out < 0) error = in < 0 ? -in : -out;
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (error == 0) {
        error = standard_error < 0 ? posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
                                   : posix_spawn_file_actions_adddup2(&actions, standard_error, 2);
    }
    // close_range: secrets and sockets that some library opened without close-on-exec stay here.
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
    // With POSIX_SPAWN_SETPGROUP: a group of its own.
    if (error == 0) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (error == 0) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | more_flags);
    // glibc reports what went wrong in the child, exec included, as the result: posix_spawn(3).
    if (error == 0) error = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

int cpb_spawn(
    const char *program, char *const arguments[], char *const environment[], int input, int output, int standard_error, pid_t *pid) {
    return spawn(program, arguments, environment, input, output, standard_error, 0, pid);
}

int cpb_spawn_group(
    const char *program, char *const arguments[], char *const environment[], int input, int output, int standard_error, pid_t *pid) {
    return spawn(program, arguments, environment, input, output, standard_error, POSIX_SPAWN_SETPGROUP, pid);
}

int cpb_process_descriptor(pid_t pid) {
    // Close-on-exec by itself: pidfd_open(2).
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int cpb_process_signal(int process_descriptor, int signal) {
    return syscall(SYS_pidfd_send_signal, process_descriptor, signal, NULL, 0) < 0 ? -errno : 0;
}

int cpb_process_reap(pid_t pid, int *status) {
    pid_t ended;
    do ended = waitpid(pid, status, WNOHANG);
    while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : ended == pid;
}

int cpb_has_gained_rights(void) { return getauxval(AT_SECURE) != 0; }

int cpb_confine(uint64_t seconds, uint64_t address_space, uint64_t file_size, uint64_t descriptors) {
    const struct {
        int resource;
        rlim_t limit;
    } limits[] = {{RLIMIT_CPU, seconds}, {RLIMIT_AS, address_space}, {RLIMIT_FSIZE, file_size}, {RLIMIT_NOFILE, descriptors}, {RLIMIT_CORE, 0}};
    for (size_t index = 0; index < sizeof limits / sizeof limits[0]; index += 1) {
        struct rlimit limit;
        if (getrlimit(limits[index].resource, &limit) < 0) return -errno;
        // What was already less stays so.
        if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > limits[index].limit) limit.rlim_max = limits[index].limit;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(limits[index].resource, &limit) < 0) return -errno;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return -errno;
    return 0;
}
