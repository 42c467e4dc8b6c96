/// What no manifest binds: the C library, the loader, and whatever starts, ends or changes a process.
///
/// A second line: the first is that a manifest is code, and is trusted as such; the third, that a symbol must lie in a library that the
/// manifest names.
enum RefusedSymbols {
    /// Whether a library is part of every process, by its file name.
    static func holds(library: String) -> Bool {
        let name = library.split(separator: "/").last.map(String.init) ?? library
        return libraries.contains { name.hasPrefix($0) }
    }

    static func holds(function: String) -> Bool {
        functions.contains(function) || prefixes.contains { function.hasPrefix($0) }
    }

    private static let libraries = [
        "libc.", "libc-", "ld-linux", "ld-", "ld.so", "libdl.", "libdl-", "libpthread", "libm.", "libm-", "librt.", "librt-", "libutil.",
        "libresolv", "libnss_", "libnsl", "libanl.", "libthread_db", "libBrokenLocale", "linux-vdso", "libgcc_s", "libstdc++", "libffi",
        "libswift", "libFoundation", "lib_FoundationICU", "libdispatch", "libBlocksRuntime",
    ]

    private static let prefixes = ["exec", "posix_spawn", "pthread_", "thrd_", "sig", "ffi_", "swift_", "__libc_", "_dl_", "_exit"]

    private static let functions: Set<String> = [
        "dlopen", "dlmopen", "dlsym", "dlvsym", "dlclose", "dladdr", "dlinfo", "dl_iterate_phdr", "system", "popen", "fork", "vfork",
        "clone", "clone3", "kill", "killpg", "tgkill", "raise", "abort", "exit", "quick_exit", "atexit", "on_exit", "mmap", "mmap64",
        "munmap", "mremap", "mprotect", "madvise", "brk", "sbrk", "shmat", "syscall", "ptrace", "prctl", "setuid", "setgid", "seteuid",
        "setegid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "chroot", "unshare", "setns", "mount", "umount",
        "umount2", "pivot_root", "reboot", "setenv", "putenv", "unsetenv", "clearenv", "malloc", "calloc", "realloc", "free", "memcpy",
        "memmove", "memset", "strcpy", "sprintf", "printf", "read", "write", "open", "open64", "openat", "close", "unlink", "rename",
        "ioctl",
        "fcntl", "dup", "dup2", "dup3", "pipe", "socket", "connect", "longjmp", "siglongjmp", "setjmp", "alarm", "setitimer", "nanosleep",
        "sleep", "usleep", "wait", "waitpid", "setrlimit", "prlimit", "getpid", "gettimeofday", "qsort", "bsearch",
    ]
}
